/** Tensors in files. */
export { loadCheckpoint, saveCheckpoint, type Checkpoint, type CheckpointParts } from './checkpoint.js'
export type { Json } from './json.js'
export {
  loadSafetensors,
  parseSafetensors,
  saveSafetensors,
  type LoadOptions,
  type SafetensorsFile,
} from './safetensors.js'
