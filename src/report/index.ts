export { renderReport } from './report.js'
export { writeReport, writeResult, writeWhole } from './write.js'
export { project, projectDomains, type Projection } from './pca.js'
