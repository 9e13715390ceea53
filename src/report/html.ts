/** Markup that is safe to insert as it is. Everything else that meets `html` is escaped. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text
  }
}

type Part = Html | string | number | undefined | readonly Part[]

/** Template tag: the literal is markup, every inserted value is text, unless it is `Html` already. */
export const html = (literal: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(literal.map((text, i) => text + render(parts[i])).join(''))

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for an element or a quoted attribute. Control characters, which HTML forbids, become a replacement mark. */
export const escapeHtml = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[&<>"']/g, (c) => entities[c]!).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')

function render(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part))
  return part.map(render).join('')
}
