// The page's looks, light and dark.
export const css = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6b7b; --page: #f6f7f9; --card: #fff; --line: #dfe4ea;
  --landbridge: #0b7a75; --torch: #e4572e; --torch_channels_last: #f3a712; --onnxruntime: #6a4c93; --tfjs_node: #2d6cdf;
  --tfjs_wasm: #3fa7d6; --tfjs_cpu: #9aa5b1 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9fb0c0; --page: #12171d; --card: #1b222a; --line: #2e3944;
  --landbridge: #2cc2b8 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 80px }
h1 { font-size: 30px; margin: 0 0 4px; letter-spacing: -.01em }
h2 { font-size: 20px; margin: 44px 0 6px; text-transform: none }
h3 { font-size: 15px; margin: 0 }
p { margin: 4px 0 10px; color: var(--soft) }
.participants { list-style: none; padding: 0; margin: 14px 0 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 2px 24px; font-size: 13px; color: var(--soft) }
.participants b { color: var(--ink); margin-right: 6px }
.warning { background: #fde8e4; color: #8f2410; border-left: 4px solid #e4572e; padding: 8px 12px; border-radius: 4px }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 540px), 1fr)); gap: 14px }
.row { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px }
.facts { margin: 2px 0 8px; font-size: 13px } .facts b { color: var(--ink) }
.notes { font-size: 12px; margin: 4px 0 0 }
svg { width: 100%; height: auto; display: block; overflow: visible } svg.means { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .tick { fill: var(--soft); font-size: 11px } svg .value { fill: var(--soft) }
.grid { stroke: var(--line); stroke-width: 1 } .lane { stroke: var(--line); stroke-dasharray: 2 4 } .one { stroke: var(--ink); stroke-width: 1.5 }
.whisker { stroke: var(--ink); stroke-opacity: .55; stroke-width: 1.5 }
details { font-size: 12px; color: var(--soft); margin-top: 6px } summary { cursor: pointer } pre { overflow-x: auto; background: var(--page); padding: 10px; border-radius: 6px; color: var(--ink) }
${['landbridge', 'torch', 'torch_channels_last', 'onnxruntime', 'tfjs_node', 'tfjs_wasm', 'tfjs_cpu'].map((id) => `.c-${id} { fill: var(--${id}); background: var(--${id}) }`).join('\n')}
`
