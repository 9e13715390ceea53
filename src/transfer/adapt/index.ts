export { adapt, packageVersion, type AdaptOutcome } from './adapt.js'
export { adaptDefaults, adaptMethods, type AdaptMethod, type AdaptObserver, type AdaptOptions } from './options.js'
export { predictFromFile, saveForecaster, type Forecast, type PredictOptions } from './saved.js'
