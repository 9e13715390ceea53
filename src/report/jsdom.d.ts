// jsdom brings no types, and the published ones need the browser's library; this is all that the report uses.
declare module 'jsdom' {
  export class JSDOM {
    constructor(html?: string)
    readonly window: { readonly document: object }
  }
}
