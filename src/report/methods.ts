interface MethodText {
  colour: string
  about: string
}

// Colours of Okabe and Ito, which colour-blind readers can tell apart; baselines stay in greys and browns behind them.
const known: Record<string, MethodText> = {
  persistence: { colour: '#777777', about: 'Says that the value will stay as it is now.' },
  'seasonal-persistence': { colour: '#aaaaaa', about: 'Repeats the latest known value of the same hour or date.' },
  climatology: { colour: '#b8a98a', about: "The source's usual value for the month and hour." },
  'damped-persistence': { colour: '#8a7a5c', about: 'The value of now, drawn towards the mean.' },
  ridge: { colour: '#5f4b32', about: 'A linear model, fitted on the source.' },
  'source-only': { colour: '#000000', about: 'The network as it learnt on the source: no transfer.' },
  coral: { colour: '#e69f00', about: 'Aligned with the target: same spread and correlation of features.' },
  mmd: { colour: '#0072b2', about: 'Aligned with the target: same distribution of features.' },
  finetune: { colour: '#009e73', about: 'The source network, trained further on few target labels.' },
  'target-only': { colour: '#cc79a7', about: 'A network that saw only those few target labels.' },
}

const baselines = new Set(['persistence', 'seasonal-persistence', 'climatology', 'damped-persistence', 'ridge'])

const spare = ['#d55e00', '#56b4e9', '#8c564b', '#7f3c8d', '#11a579']

/** The same colour for a method in every picture; methods of a user's own take the spare ones in turn. */
export function methodColours(methods: readonly string[]): Map<string, string> {
  const strangers = methods.filter((method) => !(method in known))
  const colour = (method: string) => known[method]?.colour ?? spare[strangers.indexOf(method) % spare.length]!
  return new Map(methods.map((method) => [method, colour(method)]))
}

/** The rules that need no network, and are drawn dashed. */
export const isBaseline = (method: string): boolean => baselines.has(method)

/** One sentence for somebody who does not know the method; empty for one of a user's own. */
export const aboutMethod = (method: string): string => known[method]?.about ?? ''
