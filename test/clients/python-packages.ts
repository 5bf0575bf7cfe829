import { existsSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const CLIENTS = ['openai==3.52.0', 'anthropic==2.11.0'] as const
const INSTALL_MS_MAX = 180_000

/** A Python that has the packages, or why there is none. */
export type Python = { readonly path: string } | { readonly missing: string }

/** Makes a virtual environment outside of the checkout, once; later runs find it. What is installed is what its folder is for: another version is another folder. */
export async function pythonWithPackages(packages: readonly string[] = CLIENTS): Promise<Python> {
  const folder = join(process.env['SWITCHYARD_KEPT_TMPDIR'] ?? tmpdir(), 'switchyard-python-clients', 'whole', packages.join('-').replaceAll('==', '-'))
  const pathIn = (at: string): string => join(at, process.platform === 'win32' ? 'Scripts' : 'bin', 'python')
  if (existsSync(folder)) return { path: pathIn(folder) }
  // Others may make the same at the same time: each in a place of its own, and it is there when it is whole.
  const making = `${folder}.${process.pid}`
  for (const command of [['python3', '-m', 'venv', making], [pathIn(making), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]]) {
    const { code, stderr } = await run(command, INSTALL_MS_MAX)
    if (code !== 0) return { missing: `${command.slice(0, 4).join(' ')} failed: ${stderr.trim().split('\n').at(-1) ?? ''}` }
  }
  try {
    renameSync(making, folder)
  } catch {
    // Somebody else was quicker.
    rmSync(making, { recursive: true, force: true })
  }
  return { path: pathIn(folder) }
}

/** Runs a program to its end, while this process goes on serving. */
export async function run(command: readonly string[], msMax: number): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  if (!Bun.which(command[0] ?? '')) return { code: 127, stdout: '', stderr: `there is no ${command[0]}` }
  const child = Bun.spawn([...command], { stdout: 'pipe', stderr: 'pipe', stdin: 'ignore', timeout: msMax, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' } })
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited])
  return { code, stdout, stderr }
}
