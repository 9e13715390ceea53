// { machine, contestants, rows: [{ name, ms, gflops, peak, peers: { tfjs_wasm: ms, … }, … }] }
export const toJson = ({ machine, contestants, rows }) => `${JSON.stringify({ machine, contestants, rows }, null, 2)}\n`
