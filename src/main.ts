import { join } from 'node:path'
import { runCli } from './cli/cli.ts'
import type { CliContext } from './cli/context.ts'
import { processTerminal } from './cli/terminal.ts'
import type { AccountBook } from './accounts/account-book.ts'
import { callerReferenceRule } from './accounts/byok/caller-reference.ts'
import { readOperatorSettings } from './catalog/catalogue.ts'
import { sayOperatorError } from './catalog/operator-file.ts'
import { isColourful, parentPipe, readConfig, workerNumber, type Config } from './config.ts'
import { Stripe } from './billing/stripe/stripe.ts'
import type { DialectName } from './core/call.ts'
import { anthropicMessages } from './dialects/anthropic-messages/anthropic-messages.ts'
import { bedrockConverse } from './dialects/bedrock-converse/bedrock-converse.ts'
import { cohere } from './dialects/cohere/cohere.ts'
import type { ProviderDialect } from './dialects/dialect.ts'
import { gemini } from './dialects/gemini/gemini.ts'
import { openaiChat } from './dialects/openai-chat/openai-chat.ts'
import { openaiResponses } from './dialects/openai-responses/openai-responses.ts'
import { vertex } from './dialects/vertex/vertex.ts'
import { Admission } from './gateway/admit.ts'
import { Conversations } from './gateway/conversations.ts'
import { HedgeBudget } from './gateway/hedge.ts'
import { GATEWAY_LIMITS, type Gateway } from './gateway/gateway.ts'
import { Mirrors } from './gateway/mirror.ts'
import { systemClock } from './lib/clock.ts'
import { DnsTxt } from './lib/dns-txt.ts'
import { JsonLog } from './lib/log.ts'
import { watchParent } from './lib/parent.ts'
import { draw, randomUUIDv7 } from './lib/random.ts'
import { probe } from './gateway/probe.ts'
import { listen } from './server/server.ts'
import { SignIn } from './server/sign-in/sign-in.ts'
import { openAccounts, openLedger } from './store/open.ts'
import { discover } from './upstream/discover.ts'
import { Egress } from './upstream/egress/egress.ts'
import { Outbound } from './upstream/egress/outbound.ts'
import { SharedHealth } from './upstream/health-exchange.ts'
import { healthFiles } from './upstream/health-files.ts'
import { HealthKeeper } from './upstream/health-keeper.ts'
import { healthRedis } from './upstream/health-redis.ts'
import { Health } from './upstream/health.ts'
import { Http1Client } from './upstream/http1/client.ts'
import { Files } from './upstream/pdf/files.ts'
import { PdfReader } from './upstream/pdf/pdf-reader.ts'
import { openCatalogueWithSecrets, type CatalogueWithSecrets } from './upstream/secrets/catalogue-with-secrets.ts'
import { fetchTransport } from './upstream/transport.ts'
import { InFlight } from './upstream/in-flight.ts'
import { Upstream } from './upstream/upstream.ts'
import { banner } from './banner.ts'
import { soleUseOf, startWorkers } from './workers.ts'
import packageJson from '../package.json' with { type: 'json' }

const DRAIN_MS_MAX = 30_000
const USER_AGENT = `switchyard/${packageJson.version}`

/** What providers speak. Mistral's is OpenAI's with quirks: the catalogue says so. */
const DIALECTS = new Map<DialectName, ProviderDialect>([
  ['openai-chat', openaiChat], ['anthropic-messages', anthropicMessages], ['gemini', gemini], ['openai-responses', openaiResponses],
  ['vertex', vertex], ['bedrock-converse', bedrockConverse], ['cohere', cohere],
])

/** Runs the gateway until it is told to stop. The exit code. */
async function serve(config: Config): Promise<number> {
  if (config.workers > 1 && workerNumber() === undefined) return await serveWithWorkers(config)
  const told = untilTold()
  const clock = systemClock
  const log = new JsonLog(clock.wallMs, config.logCalls, (text) => process.stderr.write(text))
  const isAlone = workerNumber() === undefined
  if (isAlone && config.port !== 0) soleUseOf(config.host, config.port)
  const { catalogue, secrets, onRefused, ready } = openCatalogue(config, log)
  const ledger = await openLedger({ dataDir: config.dataDir, databaseUrl: config.databaseUrl, masterKey: config.masterKey, secrets, referenceRule: callerReferenceRule(() => catalogue.operatorFile().secrets), note: (what, detail) => log.note(what, detail), clock, txt: new DnsTxt(config.dnsServers), fsync: config.fsync, selling: { provider: config.stripe && new Stripe(config.stripe, { fetch: (url, init) => fetch(url, init) }), pageUrl: () => `${signIn.site.url}/billing` }, sending: { smtp: config.smtp, poster: new Outbound({ clock, privateAllowed: config.egressPrivate, userAgent: USER_AGENT }), sweeps: (workerNumber() ?? 0) === 0 }, ...((workerNumber() ?? 0) === 0 && { retention: () => catalogue.operatorFile().retention }), log: (line) => log.problem(line) })
  const { health, closeHealth } = openHealth(config, log)
  const admission = new Admission(config.callsMax)
  const egress = config.egressEnabled ? new Egress({ clock, privateAllowed: config.egressPrivate, userAgent: USER_AGENT }) : undefined
  const files = new Files({ reader: new PdfReader(), transport: isProxied(config.env) ? fetchTransport : new Http1Client({ clock }), ocr: () => catalogue.operatorFile().ocr, ...(egress && { egress }) })
  const mirrors = new Mirrors()
  const gateway: Gateway = {
    mirrors,
    snapshot: () => ledger.markups.in(catalogue.snapshot()), policies: ledger.rules, ownKeys: ledger.ownKeys, ownKeyBills: ledger.ownKeyBills, wallets: ledger.walletBook, ledger: ledger.ledger, rates: ledger.limits, health, conversations: new Conversations(clock), hedges: new HedgeBudget(), clock, log, draw, admission, limits: GATEWAY_LIMITS,
    files, upstream: new Upstream({ dialects: DIALECTS, clock, proxied: isProxied(config.env), userAgent: USER_AGENT, files, onRefused, ...(egress && { egress }) }),
  }
  const { mailer } = ledger.notices
  const guarded = new Outbound({ clock, privateAllowed: config.egressPrivate, userAgent: USER_AGENT })
  const signIn = new SignIn({
    outside: { sso: ledger.sso, providers: config.identityProviders, fetch: (url, init) => fetch(url, init), guardedFetch: (url, init) => guarded.fetch(url, init), isHttpAllowed: config.egressPrivate },
    store: ledger.signIn, instance: ledger.instance, mailer, clock, dataDir: config.dataDir, authSecret: config.authSecret, setUpCode: config.setUpCode, publicUrl: config.publicUrl, host: config.host,
    onTrouble: (what, detail) => log.problem(what, detail), onLink: (what, detail) => log.note(what, detail),
  })
  await ready
  const server = listen({
    port: config.port, host: config.host, bodyBytesMax: config.bodyBytesMax, reusePort: !isAlone, gateway, trustedProxies: config.trustedProxies,
    services: { snapshot: gateway.snapshot, accounts: ledger.accounts, people: ledger.people, scim: ledger.scim, domains: ledger.domains, appGrants: ledger.appGrants, feedback: ledger.feedback, workspaces: ledger.workspaces, sharedBudgets: ledger.sharedBudgets, wallets: ledger.wallets, instance: ledger.instance, markups: ledger.markups, operator: ledger.operator, rates: ledger.limits, reports: ledger.reports, dataSets: ledger.dataSets, rules: ledger.rules, presets: ledger.presets, byok: ledger.byok, ownKeys: ledger.ownKeys, health, conversations: gateway.conversations, clock, billing: ledger.billing, payments: ledger.payments, notices: ledger.notices, signIn, sessions: signIn.sessions },
  })
  signIn.site.listensOn(server.port)
  // Last of all that can fail: the key is shown once, by the banner.
  const firstKey = isAlone ? await ensureFirstKey(ledger.accounts, config, log) : undefined
  process.stdout.write(isAlone ? banner({ host: config.host, port: server.port, publicUrl: config.publicUrl, snapshot: catalogue.snapshot(), firstKey, wantsOperator: await ledger.operator.isWanted(), color: isColourful() }) : 'listening\n')
  catalogue.watch()
  if (config.discover) void discover({ except: [server.port] }).then((found) => found.length > 0 && catalogue.setDiscovered(found))
  await told
  await mirrors.close(gateway)
  await server.drain(DRAIN_MS_MAX)
  catalogue.close()
  await closeHealth()
  await ledger.close()
  log.flush()
  return 0
}

/** What is known of the endpoints: as it was kept, shared with the other workers and, where there is a Redis, with the other nodes. */
function openHealth({ workers, dataDir, redisUrl: url }: Config, log: JsonLog): { readonly health: Health; closeHealth(): Promise<void> } {
  const directory = join(dataDir, 'health')
  const worker = workerNumber() ?? 0
  const health = new Health(systemClock, new InFlight({ worker, workers }))
  const kept = new HealthKeeper({ health, path: join(directory, 'kept.json'), periodically: worker === 0, onTrouble: (what) => log.problem(what) })
  const files = healthFiles({ directory, clock: systemClock, onTrouble: (error) => log.problem('the health of the endpoints cannot be shared with other processes', String(error)) })
  const redis = url === undefined ? [] : [healthRedis({ url, onChange: (isThere, why) => (isThere ? log.note('redis is there again', 'nodes share what they know of the endpoints') : log.problem('redis is away: nodes do not share what they know of the endpoints', why)) })]
  const shared = new SharedHealth({ health, processId: randomUUIDv7(), ways: [files, ...redis] })
  return {
    health,
    closeHealth: async () => {
      await shared.close()
      kept.close()
    },
  }
}

/** The first key, where it was made now and is to be shown. */
async function ensureFirstKey(accounts: Pick<AccountBook, 'ensureFirstKey'>, { firstKey, initialCredits }: Config, log: JsonLog): Promise<string | undefined> {
  const first = await accounts.ensureFirstKey({ secret: firstKey, initialCredits })
  if (first?.isDead) log.problem('the key in SWITCHYARD_KEY is dead', 'its account, default, is closed for ever: make a key in another account and set that one, or unset it')
  return firstKey === undefined ? first?.secret : undefined
}

async function serveWithWorkers(config: Config): Promise<number> {
  const told = untilTold()
  const port = soleUseOf(config.host, config.port)
  const log = new JsonLog(systemClock.wallMs, false, (text) => process.stderr.write(text))
  const { catalogue, ready } = openCatalogue(config, log)
  const { accounts, operator, close } = await openAccounts({ dataDir: config.dataDir, databaseUrl: config.databaseUrl, clock: systemClock })
  const workers = startWorkers(config.workers, [process.execPath, ...process.argv.slice(1), '--port', String(port)])
  const isReady = await Promise.race([workers.ready.then(() => true), told.then(() => false)]).catch(async (error: unknown) => {
    await workers.stop()
    throw error
  })
  // As in `serve`: only once everything else has succeeded.
  const firstKey = isReady ? await ensureFirstKey(accounts, config, log) : undefined
  const wantsOperator = await operator.isWanted()
  await close()
  await ready
  if (isReady) process.stdout.write(banner({ host: config.host, port, publicUrl: config.publicUrl, wantsOperator, snapshot: catalogue.snapshot(), firstKey, color: isColourful() }))
  await told
  await workers.stop()
  return 0
}

function openCatalogue(config: Pick<Config, 'env' | 'configPath' | 'dataDir'>, log: JsonLog): CatalogueWithSecrets {
  return openCatalogueWithSecrets({
    env: config.env, ...(config.configPath === undefined ? {} : { operatorPath: config.configPath }), overlayPath: join(config.dataDir, 'catalogue', 'models.json'),
    onTaken: (what) => log.note("the operator's file was taken", what),
    onErrors: (errors) => log.problem("the operator's file was not taken; the last good one stays", errors.map(sayOperatorError).join('\n')),
  }, { clock: systemClock, onTrouble: (what, detail) => log.problem(what, detail) })
}

/** True where the environment sends calls through a proxy. */
function isProxied(env: Config['env']): boolean {
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => Boolean(env[name]))
}

/** Ctrl-C comes twice: from the terminal, and passed on by the process that started this one. So soon it is the same. */
const SAME_SIGNAL_MS = 1_000

/** Waits for a signal to stop. A second one stops at once. Called before all else: who reads `listening` may say stop at once. */
async function untilTold(): Promise<void> {
  await new Promise<void>((resolve) => {
    let firstMs: number | undefined
    const told = () => {
      const nowMs = systemClock.monotonicMs()
      if (firstMs !== undefined && nowMs - firstMs > SAME_SIGNAL_MS) process.exit(1)
      firstMs ??= nowMs
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, told)
  })
}

const parent = parentPipe()
if (parent !== undefined) watchParent(parent, () => process.exit(1))

const context: CliContext = {
  version: packageJson.version,
  terminal: processTerminal(isColourful()),
  clock: systemClock,
  config: (flags) => readConfig(flags, process.cwd(), readOperatorSettings),
  serve: async (config) => await serve(config as Config),
  probe: async (_config, providerSlug, modelId, snapshot) => await probe(snapshot, new Upstream({ dialects: DIALECTS, clock: systemClock, userAgent: USER_AGENT }), providerSlug, modelId),
  fetch: (url, init) => fetch(url, init),
}

process.exit(await runCli(process.argv.slice(2), context))
