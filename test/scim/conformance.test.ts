import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { pythonWithPackages, run } from '../clients/python-packages.ts'
import { openStage, type Stage } from './organization.ts'

setDefaultTimeout(60_000)

/** scim2-tester reads what a server says that it can, and tries all of it: discovery, making, reading, PUT, PATCH of each attribute, searching. */

const python = await pythonWithPackages(['scim2-tester==0.5.2', 'scim2-client==0.13.2', 'scim2-models==0.12.3', 'httpx2==2.16.2'])
if ('missing' in python) console.log(`skipped: scim2-tester, for ${python.missing}`)
const describePython = 'missing' in python ? describe.skip : describe

let stage: Stage
beforeAll(async () => { if (!('missing' in python)) stage = await openStage(['acme']) })
afterAll(() => stage?.stop())

describePython('scim2-tester', () => {
  test('finds nothing that is wrong (H22)', async () => {
    const [organization] = stage.organizations
    const { code, stdout, stderr } = await run(['missing' in python ? '' : python.path, join(import.meta.dir, 'python', 'conformance.py'), `${stage.gateway.url}/scim/v2`, organization?.scimToken ?? ''], 50_000)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    // What the script prints.
    const results = JSON.parse(stdout) as readonly { readonly status: string; readonly title: string; readonly reason: string }[]
    expect(results.filter(({ status }) => status !== 'SUCCESS')).toEqual([])
    expect(results.length).toBeGreaterThan(120)
  })
})
