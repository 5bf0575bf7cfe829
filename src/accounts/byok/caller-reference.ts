import type { OperatorSecrets } from '../../catalog/operator-secrets.ts'
import type { ReferenceRule } from './byok-keys.ts'

/** Callers may name secrets below the path that the operator gives their workspace, in Vault and AWS Secrets Manager; the environment and files are the operator's. */
export function callerReferenceRule(settings: () => OperatorSecrets | undefined): ReferenceRule {
  return (reference, { accountId, workspaceId }) => {
    const [scheme = '', rest = ''] = reference.split('://')
    if (scheme !== 'vault' && scheme !== 'awssm') return `${scheme}:// is for the operator, by \`switchyard byok add\``
    const prefix = (scheme === 'vault' ? settings()?.vault : settings()?.aws)?.callerPrefix
    if (prefix === undefined) return "the operator has set no path where callers may name secrets (secrets.vault.caller_prefix, secrets.aws.caller_prefix)"
    const own = prefix.replaceAll('{account}', accountId).replaceAll('{workspace}', workspaceId)
    if (!rest.startsWith(own) || rest.split(/[/#]/).some((piece) => piece === '..' || piece === '.')) return `it must be below ${scheme}://${own}`
    return scheme === 'vault' && !rest.includes('#') ? 'it must name a field, as …#api_key' : undefined
  }
}
