import { expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { configOf, startGateway } from '../server.ts'
import { until } from './processes.ts'

setDefaultTimeout(60_000)

/** Saves of the operator's file under the running program, as its log tells them. */

test('a wrong save is told with its place, a right one with what changed', async () => {
  const config = configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: 'http://127.0.0.1:1', models: [{ id: 'acme/tiny', upstreamId: 'tiny' }] }])
  const gateway = await startGateway({ config })
  // It watches from just after its `listening on`: the save is repeated until it is seen.
  await until(async () => {
    writeFileSync(gateway.configFile, `unpriced: maybe\n${config}`)
    await Bun.sleep(100)
    return gateway.logs().includes('was not taken')
  })
  expect(gateway.logs()).toMatch(/"problem":"the operator's file was not taken; the last good one stays","detail":"[^"]*switchyard\.yaml:1:11: unpriced: must be one of allow, refuse"/)
  writeFileSync(gateway.configFile, `unpriced: allow\nmodels: { acme/tiny: { name: Small } }\n${config}`)
  await until(() => gateway.logs().includes('was taken'))
  expect(gateway.logs()).toContain(`"note":"the operator's file was taken","detail":"1 providers, 1 models of theirs, 1 models changed (0 before), 0 aliases"`)
  expect(await gateway.stop()).toBe(0)
})
