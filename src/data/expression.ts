import { DataError } from '../engine/errors.js'
import { nearestNames, quoted, unknownColumn } from './table.js'

/** A new column and the SQL that computes it. */
export interface Derived {
  readonly name: string
  readonly sql: string
}

/** Scalar functions that compute and can do nothing else. `log` is the decimal logarithm, `ln` the natural one. */
const FUNCTIONS = new Set(
  (
    'abs ceil floor round trunc sign sqrt cbrt exp ln log log2 log10 pow power sin cos tan asin acos atan atan2 ' +
    'radians degrees pi greatest least coalesce ifnull nullif if mod lower upper trim length'
  ).split(' '),
)

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<string>'(?:[^']|'')*')|"(?<quoted>(?:[^"]|"")+)"|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<operator><=|>=|<>|!=|==|[-+*/%(),<>=]))/uy

/**
 * Translates `NAME=EXPRESSION` to SQL over the given columns. Only numbers, 'text', column names ("quoted" when they
 * are not plain identifiers), + - * / % ( ), comparisons and functions of a fixed list get through, so that an
 * expression can compute and nothing else. `columns` maps names to SQL identifiers. Throws DataError.
 */
export function parseDerive(text: string, columns: ReadonlyMap<string, string>, file?: string): Derived {
  const match = /^\s*(?:"((?:[^"]|"")+)"|([^="]+?))\s*=(?!=)(.+)$/s.exec(text)
  const name = match?.[1]?.replaceAll('""', '"') ?? match?.[2]
  if (!match || name === undefined) throw new DataError(`derive ${quoted(text)}: expected NAME=EXPRESSION`, { file })
  return { name, sql: translate(match[3] ?? '', columns, file) }
}

function translate(expression: string, columns: ReadonlyMap<string, string>, file?: string): string {
  const tokens = tokenise(expression, file)
  checkParentheses(tokens, expression, file)
  const parts = tokens.map((token, i) => {
    if (token.kind === 'operator') return token.text === '==' ? '=' : token.text
    if (token.kind !== 'column' && token.kind !== 'word') return token.text
    const called = token.kind === 'word' && tokens[i + 1]?.text === '('
    return called ? functionName(token.text, expression, file) : columnId(token.text, expression, columns, file)
  })
  // The space between tokens keeps "- -" from becoming the start of a comment.
  return parts.join(' ')
}

interface Token {
  kind: 'value' | 'column' | 'word' | 'operator'
  text: string
}

function tokenise(expression: string, file?: string): Token[] {
  const tokens: Token[] = []
  const source = expression.trim()
  for (let at = 0; at < source.length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const groups = TOKEN.exec(source)?.groups
    if (!groups) throw bad(expression, `does not allow ${quoted([...source.slice(at).trim()][0] ?? '')}`, file)
    const { number, string, quoted: name, word, operator } = groups
    if (name !== undefined) tokens.push({ kind: 'column', text: name.replaceAll('""', '"') })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator })
    else tokens.push({ kind: 'value', text: number ?? string ?? '' })
  }
  if (tokens.length === 0) throw bad(expression, 'is empty', file)
  return tokens
}

/** Parentheses that close more than they open would reach out of the expression. */
function checkParentheses(tokens: readonly Token[], expression: string, file?: string): void {
  let depth = 0
  for (const { kind, text } of tokens) {
    if (kind !== 'operator') continue
    if (text === '(') depth++
    if (text === ')') depth--
    if (depth < 0) break
    if (text === ',' && depth === 0) throw bad(expression, 'has a comma outside of a function call', file)
  }
  if (depth !== 0) throw bad(expression, 'has unbalanced parentheses', file)
}

function functionName(word: string, expression: string, file?: string): string {
  const name = word.toLowerCase()
  if (FUNCTIONS.has(name)) return name
  const near = nearestNames(name, [...FUNCTIONS])
  const hint = near.length ? `; did you mean ${near.join(', ')}?` : ''
  throw bad(expression, `uses the function ${quoted(word)}, which is not on the list of allowed functions${hint}`, file)
}

function columnId(name: string, expression: string, columns: ReadonlyMap<string, string>, file?: string): string {
  const id = columns.get(name)
  if (id !== undefined) return id
  const { message } = unknownColumn(name, [...columns.keys()])
  throw bad(expression, `: ${message} (names other than plain identifiers stand in double quotes)`, file)
}

/** The one sentence for an expression that cannot be computed. */
export function bad(expression: string, problem: string, file?: string): DataError {
  const gap = problem.startsWith(':') ? '' : ' '
  return new DataError(`the expression ${quoted(expression.trim())}${gap}${problem}`, { file })
}
