export { finetune, frozen, type FinetuneOptions } from './finetune.js'
