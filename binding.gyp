{
  # CMake is the build's one truth; this file only lets tools that know binding.gyp find it.
  "targets": [
    {
      "target_name": "landbridge",
      "type": "none",
      "actions": [
        {
          "action_name": "cmake",
          "inputs": [],
          "outputs": ["always"],
          "action": ["node", "scripts/install.cjs", "--build"]
        }
      ]
    }
  ]
}
