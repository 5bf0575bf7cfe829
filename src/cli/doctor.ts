import { accessSync, constants, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { OperatorFileWrong } from '../catalog/catalogue.ts'
import type { Provider, Snapshot } from '../catalog/endpoint.ts'
import type { Config } from '../config.ts'
import { openCatalogue } from './catalogue-view.ts'
import type { Command } from './command.ts'
import type { CliContext, Sink } from './context.ts'
import { probeProviders, type ProbeReport } from './doctor-call.ts'
import { paint, printable, type Style } from './paint.ts'
import { dialectsOf, modelCounts, providerTable, sortedProviders } from './providers.ts'
import { sayCount } from './say.ts'

/** One thing that was looked at. `note`: worth knowing, not broken. */
interface Finding { readonly what: string; readonly state: 'ok' | 'note' | 'broken'; readonly detail: string }

const SERVER_LOOK_MS_MAX = 1_000

/** `switchyard doctor`. */
export const doctorCommand: Command = {
  name: 'doctor', summary: 'check this installation, and say which providers are ready and what the others lack', words: [],
  about: "Looks at the operator's file, the data directory, the port, and every provider's credential. Nothing is sent to a provider unless --call is given. Exits 1 when something is broken; a provider without a credential is not.",
  flags: { call: { what: 'make one tiny call to each ready provider (it may cost a fraction of a cent)' } },
  examples: [['switchyard doctor', 'after installing, or when something is wrong'], ['switchyard doctor --call', 'do the credentials work?'], ['switchyard doctor --json', 'for monitoring']],
  async run({ context, config, json, isOn }) {
    const findings: Finding[] = []
    const snapshot = await catalogueFinding(config, findings)
    findings.push(dataDirFinding(config.dataDir), await portFinding(config, context))
    const calls = snapshot && isOn('call') ? await probeProviders(snapshot, config, context) : []
    const broken = findings.some((finding) => finding.state === 'broken') || calls.some((call) => !call.ok)
    const { out } = context.terminal
    if (json) out.write(`${JSON.stringify({ ok: !broken, version: context.version, checks: findings, providers: snapshot ? sortedProviders(snapshot).map(readiness) : [], calls }, null, 2)}\n`)
    else out.write(report(out, findings, snapshot, calls, isOn('call')))
    return broken ? 1 : 0
  },
}

async function catalogueFinding(config: Config, findings: Finding[]): Promise<Snapshot | undefined> {
  const file = config.configPath
  try {
    const snapshot = await openCatalogue(config)
    findings.push({ what: "operator's file", state: 'ok', detail: file === undefined ? 'none (./switchyard.yaml or --config)' : `${file} is right` })
    findings.push({ what: 'catalogue', state: 'ok', detail: `${sayCount(snapshot.models.size, 'model')} over ${sayCount(snapshot.providers.size, 'provider')}` })
    return snapshot
  } catch (error) {
    if (!(error instanceof OperatorFileWrong)) throw error
    findings.push({ what: "operator's file", state: 'broken', detail: error.message })
    return undefined
  }
}

function dataDirFinding(path: string): Finding {
  const what = 'data directory'
  try {
    if (!existsSync(path)) {
      const parent = nearestExisting(path)
      accessSync(parent, constants.W_OK | constants.X_OK)
      return { what, state: 'note', detail: `${path} is not there yet; the first start makes it` }
    }
    if (!statSync(path).isDirectory()) return { what, state: 'broken', detail: `${path} is not a directory` }
    const probe = join(path, `.doctor-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
    return { what, state: 'ok', detail: `${path} is writable` }
  } catch (error) {
    return { what, state: 'broken', detail: `${path} cannot be written: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function nearestExisting(path: string): string {
  let at = path
  while (!existsSync(at)) at = dirname(at)
  return at
}

async function portFinding(config: Config, context: CliContext): Promise<Finding> {
  const what = 'port'
  const { host, port } = config
  const inUse = listenProblem(host, port)
  if (inUse === undefined) return { what, state: 'ok', detail: `${port} is free` }
  if (inUse.code !== 'EADDRINUSE') return { what, state: 'broken', detail: `cannot listen on ${host}:${port}: ${inUse.message}` }
  if (await isSwitchyard(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port, context)) return { what, state: 'ok', detail: `a running Switchyard answers on ${port}` }
  return { what, state: 'broken', detail: `${port} is taken by another program: choose one by --port or PORT` }
}

function listenProblem(hostname: string, port: number): { code: string | undefined; message: string } | undefined {
  try {
    Bun.listen({ hostname, port, exclusive: true, socket: { data: () => undefined } }).stop(true)
    return undefined
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
    return { code, message: error instanceof Error ? error.message : String(error) }
  }
}

async function isSwitchyard(host: string, port: number, context: CliContext): Promise<boolean> {
  try {
    const response = await context.fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1/models/count`, { signal: AbortSignal.timeout(SERVER_LOOK_MS_MAX) })
    return response.ok && (await response.text()).includes('"count"')
  } catch {
    // Whatever holds the port does not speak HTTP, or not in time: it is not Switchyard.
    return false
  }
}

function readiness(provider: Provider): object {
  return { slug: provider.slug, name: provider.name, ready: provider.notReady === undefined, lacks: provider.notReady ?? null, env: provider.env, dialects: dialectsOf(provider) }
}

const MARKS: Readonly<Record<Finding['state'], readonly [mark: string, style: Style]>> = { ok: ['ok', 'green'], note: ['note', 'yellow'], broken: ['broken', 'red'] }

function report(out: Sink, findings: readonly Finding[], snapshot: Snapshot | undefined, calls: readonly ProbeReport[], called: boolean): string {
  const lines = findings.map(({ what, state, detail }) => {
    const [mark, style] = MARKS[state]
    return `${paint(out, style, mark.padEnd(6))}  ${what}: ${printable(detail)}\n`
  })
  if (!snapshot) return lines.join('')
  const ready = sortedProviders(snapshot).filter((provider) => provider.notReady === undefined)
  const real = ready.filter((provider) => provider.slug !== 'demo').length
  return [
    ...lines, '\n', providerTable(out, sortedProviders(snapshot), modelCounts(snapshot)), '\n',
    `${sayCount(ready.length, 'provider')} ready of ${snapshot.providers.size}.${real === 0 ? ' Only the demo answers: set a variable of the table above, in the environment or in .env, and start again.' : ''}\n`,
    ...(called ? ['\n', ...calls.map((call) => sayCall(out, call))] : real === 0 ? [] : ['`switchyard doctor --call` tries each with one tiny call.\n']),
  ].join('')
}

function sayCall(out: Sink, call: ProbeReport): string {
  const mark = call.ok ? paint(out, 'green', 'ok    ') : paint(out, 'red', 'broken')
  const detail = call.ok ? `${Math.round(call.latencyMs)} ms` : [call.message, call.help].filter((text) => text !== undefined).join(' ')
  return `${mark}  ${call.provider} (${call.model}): ${printable(detail)}\n`
}
