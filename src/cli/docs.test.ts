import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory } from '../../test/cli.ts'
import { parseOperatorFile } from '../catalog/operator.ts'
import { QUIRKS } from '../dialects/openai-chat/quirks.ts'
import { CONTROLS } from '../upstream/demo/controls.ts'
import { LOCAL_SERVERS } from '../upstream/discover.ts'
import { accountsGroup } from './accounts.ts'
import { auditGroup } from './audit.ts'
import { budgetsGroup } from './budgets.ts'
import { byokGroup } from './byok.ts'
import { chatCommand } from './chat.ts'
import { GLOBAL_FLAGS, type Command } from './command.ts'
import { creditsGroup } from './credits.ts'
import { doctorCommand } from './doctor.ts'
import { instanceGroup } from './instance.ts'
import { keysGroup } from './keys.ts'
import { markupsGroup } from './markups.ts'
import { membersGroup } from './members.ts'
import { modelsGroup } from './models.ts'
import { peopleGroup } from './people.ts'
import { priceListsGroup } from './price-lists.ts'
import { providersGroup } from './providers.ts'
import { purchasesGroup } from './purchases.ts'
import { serveCommand } from './serve.ts'
import { walletsGroup } from './wallets.ts'
import { workspacesGroup } from './workspaces.ts'

const root = join(import.meta.dir, '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const directory = temporaryDirectory()

/** The command lines of a page's shell blocks, without comments. */
function lines(page: string): string[] {
  return [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n')).map((line) => line.replace(/\s{2,}#.*$/, '').trim()).filter((line) => line !== '')
}

describe('docs/cli.md', () => {
  const page = read('docs/cli.md')
  const groups = [keysGroup, byokGroup, workspacesGroup, budgetsGroup, membersGroup, auditGroup, accountsGroup, peopleGroup, instanceGroup, markupsGroup, walletsGroup, priceListsGroup, creditsGroup, purchasesGroup, modelsGroup, providersGroup]
  const commands: readonly Command[] = [serveCommand, chatCommand, doctorCommand, ...groups.flatMap((group) => group.commands)]

  test('has each command and each flag with the value it takes', () => {
    for (const group of groups) for (const command of group.commands) if (command.name !== group.alone) expect(page).toContain(`switchyard ${group.name} ${command.name}`)
    for (const command of commands) {
      for (const [name, flag] of Object.entries({ ...GLOBAL_FLAGS, ...command.flags })) expect(page.replaceAll('\\|', '|')).toContain(`--${name}${flag.value === undefined ? '`' : ` ${flag.value}\``}`)
    }
  })

  test('has no command line that is not understood', async () => {
    const calls = [page, read('docs/getting-started.md'), read('README.md')].flatMap(lines).flatMap((line) => /(?:^|\| |\$\(|[A-Z_]+=\S+ )(?:npx )?switchyard (.*)$/.exec(line)?.[1]?.replace(/ \|.*$/, '') ?? [])
    expect(calls.length).toBeGreaterThan(40)
    for (const call of calls) {
      const argv = [...call.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
      const { code, err } = await cli(directory, [...argv.filter((word) => word !== '--' && !/^-\d/.test(word)), '--help'])
      expect({ call, code, err }).toEqual({ call, code: 0, err: '' })
    }
  })
})

describe('docs/configuration.md', () => {
  const page = read('docs/configuration.md')

  test('its files are right', () => {
    const files = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = '']) => text)
    expect(files).toHaveLength(11)
    const account = JSON.stringify({ client_email: 'a@b', private_key: '-----BEGIN PRIVATE KEY-----', project_id: 'p' })
    const env = { ACME_API_KEY: 'sk-x', VERTEX_ACCOUNT: account, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's', AZURE_API_KEY: 'k', MISTRAL_API_KEY: 'k' }
    for (const text of files) {
      const result = parseOperatorFile(text, { file: 'switchyard.yaml', env, isBuiltIn: (slug) => ['anthropic', 'groq', 'google-vertex', 'amazon-bedrock', 'azure', 'openai'].includes(slug) })
      expect(result.ok ? [] : result.errors).toEqual([])
    }
  })

  test('the file of docs/limits.md is right', () => {
    const [, text = ''] = /```yaml\n([^]*?)```/.exec(read('docs/limits.md')) ?? []
    expect(parseOperatorFile(text, { file: 'docs/limits.md', env: {}, isBuiltIn: () => false })).toMatchObject({ ok: true, file: { rateLimits: { perAccount: { requestsPerMinute: 600n } } } })
  })

  test('has each variable of the environment, each quirk, each local server', () => {
    const variables = [...read('src/config.ts').matchAll(/'((?:SWITCHYARD_[A-Z_]+)|PORT|NO_COLOR)'/g)].map(([, name = '']) => name).filter((name) => !/_(PARENT_FD|WORKER)$/.test(name))
    for (const name of variables) expect(page).toContain(`\`${name}\``)
    for (const name of Object.keys(QUIRKS)) expect(page).toContain(`| \`${name}\` |`)
    for (const { name, port, slug } of LOCAL_SERVERS) for (const word of [name, String(port), `\`${slug}\``]) expect(page).toContain(word)
  })
})

test('docs/getting-started.md has each control of the demo', () => {
  const page = read('docs/getting-started.md')
  for (const name of Object.keys(CONTROLS)) expect(page).toMatch(new RegExp(`^\\| \`${name}=`, 'm'))
})
