/** Tensors in files. */
export {
  loadSafetensors,
  parseSafetensors,
  saveSafetensors,
  type LoadOptions,
  type SafetensorsFile,
} from './safetensors.js'
