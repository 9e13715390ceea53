/** The first key that an object of a valid JSON text has twice; `JSON.parse` takes the last one and says nothing. */
export function duplicateKey(json: string): string | undefined {
  const keys: (Set<string> | undefined)[] = [] // per open bracket: the keys of an object, or undefined for an array
  let last: string | undefined
  for (let i = 0; i < json.length; i++) {
    const char = json[i]
    if (char === '"') {
      const end = endOfString(json, i)
      last = json.slice(i, end)
      i = end - 1
    } else if (char === '{') keys.push(new Set())
    else if (char === '[') keys.push(undefined)
    else if (char === '}' || char === ']') keys.pop()
    else if (char === ':' && last !== undefined) {
      const key = JSON.parse(last) as string
      if (keys.at(-1)?.has(key)) return key
      keys.at(-1)?.add(key)
    }
  }
  return undefined
}

/** Where the string that begins at `start` is over. */
function endOfString(json: string, start: number): number {
  let i = start + 1
  while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1
  return i + 1
}
