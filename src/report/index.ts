export { openCanvas } from './draw.js'
export { renderReport } from './report.js'
export { writeReport, writeResult } from './write.js'
