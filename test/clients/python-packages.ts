import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What is installed, and so what the folder is for: another version is another folder. */
const PACKAGES = ['openai==3.52.0', 'anthropic==2.11.0'] as const
const FOLDER = join(process.env['SWITCHYARD_KEPT_TMPDIR'] ?? tmpdir(), 'switchyard-python-clients', PACKAGES.join('-').replaceAll('==', '-'))
const INSTALL_MS_MAX = 180_000

/** A Python that has the packages, or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string }

/** Makes a virtual environment outside of the checkout, once; later runs find it. */
export async function pythonWithPackages(): Promise<Python> {
  const path = join(FOLDER, process.platform === 'win32' ? 'Scripts' : 'bin', 'python')
  const done = join(FOLDER, 'installed')
  if (existsSync(done)) return { path }
  mkdirSync(FOLDER, { recursive: true })
  for (const command of [['python3', '-m', 'venv', FOLDER], [path, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES]]) {
    const { code, stderr } = await run(command, INSTALL_MS_MAX)
    if (code !== 0) return { missing: `${command.slice(0, 4).join(' ')} failed: ${stderr.trim().split('\n').at(-1) ?? ''}` }
  }
  writeFileSync(done, '')
  return { path }
}

/** Runs a program to its end, while this process goes on serving. */
export async function run(command: readonly string[], msMax: number): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  if (!Bun.which(command[0] ?? '')) return { code: 127, stdout: '', stderr: `there is no ${command[0]}` }
  const child = Bun.spawn([...command], { stdout: 'pipe', stderr: 'pipe', stdin: 'ignore', timeout: msMax, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' } })
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited])
  return { code, stdout, stderr }
}
