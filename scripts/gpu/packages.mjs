// Prints the folders of the named packages and of everything that they need, one per line, as npm installed them.
//   node scripts/gpu/packages.mjs FOLDER PACKAGE…      (the folder whose node_modules has them)
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [root, ...wanted] = process.argv.slice(2)
const installed = JSON.parse(readFileSync(join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages

/** Where `from` finds `name`: in its own node_modules, or in those of a folder above it. */
function resolve(from, name) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
    const folder = `${at === '' ? '' : `${at}/`}node_modules/${name}`
    if (installed[folder] !== undefined) return folder
    if (at === '') return undefined
  }
}

/** What a package needs; some of it only on other platforms. Peers that are optional stay out. */
function needs({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]
}

const found = new Set()
function visit(from, name, required) {
  const folder = resolve(from, name)
  if (folder === undefined && required) throw new Error(`expected ${name} in ${root}/node_modules, found none: npm ci`)
  if (folder === undefined || found.has(folder) || !existsSync(join(root, folder))) return
  found.add(folder)
  for (const each of needs(installed[folder])) visit(folder, each, false)
}

for (const name of wanted) visit('', name, true)
const inside = (folder) => [...found].some((other) => folder.startsWith(`${other}/`)) // travels with that one
for (const folder of [...found].filter((each) => !inside(each)).sort()) console.log(join(root, folder))
