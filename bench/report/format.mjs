// How numbers are written.
export const milliseconds = (ms) => {
  if (ms === undefined) return '–'
  return ms >= 1000 ? ms.toFixed(0) : ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(3) // prettier-ignore
}
export const ratio = (value) => {
  if (value === undefined) return '–'
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}×`
}
export const percent = (value) => (value === undefined ? '–' : `${(100 * value).toFixed(0)} %`)
const digits = (value) => (value >= 0.1 ? value.toFixed(1) : value.toPrecision(2))
export const rateOf = ({ gflops, gbs }) => {
  if (gflops !== undefined) return `${digits(gflops)} GFLOP/s`
  return gbs === undefined ? '–' : `${digits(gbs)} GB/s`
}
/** The limit beside a row, with its kind. */
export const limitOf = ({ peak, peakKind }) =>
  peakKind === 'fma' ? `${peak.toFixed(0)} GFLOP/s FMA` : `${peak.toFixed(0)} GB/s ${peakKind}`
export const machineLine = ({ cpu, threads, cores, memoryGiB, system, node }) =>
  `${cpu}, ${threads} of ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}`
