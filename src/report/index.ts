export { renderReport } from './report.js'
export { writeReport, writeResult } from './write.js'
