import { expect, test } from 'bun:test'
import { banner } from './banner.ts'
import { DEMO_MODELS } from './catalog/demo.ts'
import { buildSnapshot } from './catalog/snapshot.ts'

const picture = { id: 'acme/draw', name: 'Draw', outputs: 'image', endpoints: [{ provider: 'demo', upstream: 'draw' }] }
const snapshot = buildSnapshot({ env: {}, version: 1, rows: { models: [picture], providers: [] } })
const facts = { host: '127.0.0.1', port: 8787, snapshot, color: false, publicUrl: undefined, wantsOperator: false }

test('the first start shows its key once, in a curl that works as pasted', () => {
  const text = banner({ ...facts, firstKey: 'sk-sw-v1-secret' })
  expect(text).toContain('shown this once')
  expect(text).toContain('-H "Authorization: Bearer sk-sw-v1-secret"')
  expect(text).not.toContain('SWITCHYARD_KEY')
})

test('later ones say where the key of the curl comes from', () => {
  const text = banner({ ...facts, firstKey: undefined })
  expect(text).toMatch(/export SWITCHYARD_KEY=.*\n.*curl .*\$SWITCHYARD_KEY/)
})

test('it says which models it counts', () => {
  expect(banner({ ...facts, firstKey: undefined })).toContain(`models      ${DEMO_MODELS.filter(({ outputs }) => outputs === undefined).length} that write text (GET /models has them, and the routers), ${DEMO_MODELS.length + 1} in all; ready now: Switchyard Demo`)
})

test('it says where people sign in, and who comes first to a fresh install', () => {
  expect(banner({ ...facts, firstKey: undefined })).toContain('sign in     http://localhost:8787\n')
  const fresh = banner({ ...facts, firstKey: undefined, publicUrl: 'https://gateway.example.com', wantsOperator: true })
  expect(fresh).toMatch(/sign up {5}https:\/\/gateway\.example\.com\/sign-up\n +the first person runs this install/)
})
