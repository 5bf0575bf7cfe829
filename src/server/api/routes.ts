import type { Route } from '../route.ts'
import { getActivity } from './activity.ts'
import { getAnalyticsMeta, queryAnalytics } from './analytics.ts'
import { createCode, exchangeCode } from './auth-keys.ts'
import { getAudit, getInstanceAudit } from './audit-log.ts'
import { changeBilling, chooseCard, getBilling, listCards, removeCard, saveCard } from './billing.ts'
import { changeByokKey, createByokKey, deleteByokKey, getByokKey, listByokKeys } from './byok.ts'
import { moveCredit } from './credit-moves.ts'
import { createCoinbaseCharge, getCredits } from './credits.ts'
import { addDomain, deleteDomain, disableDomain, getDomain, listDomains, verifyDomain } from './domains.ts'
import { activateSso, changeSso, checkSso, createSso, deleteSso, disableSso, getSso, listSso } from './sso.ts'
import { getAppRankings, getSessionCosts } from './datasets.ts'
import { getBenchmarks, getTaskClassifications } from './measured.ts'
import { getDailyRankings } from './rankings-daily.ts'
import { listAllFeedback, listFeedback, sendFeedback } from './feedback.ts'
import { listEndpoints, listZdrEndpoints } from './endpoints.ts'
import { getForecast } from './forecast.ts'
import { getGenerationContent } from './generation-content.ts'
import { getGeneration } from './generation.ts'
import { guardrailAssignments } from './guardrail-assignments.ts'
import { changeGuardrail, createGuardrail, deleteGuardrail, getGuardrail, listGuardrails } from './guardrails.ts'
import { acceptInvitation, createOrganization, getInvitation } from './invitations.ts'
import { getOwnKey } from './key.ts'
import { changeKey, createKey, deleteKey, getKey, listKeys, rotateKey } from './keys.ts'
import { changeAccount, closeAccount, getAccount, grantCredit, listAccounts, resumeAccount, suspendAccount } from './instance-accounts.ts'
import { endImpersonation, startImpersonation } from './impersonation.ts'
import { deleteMarkup, listMarkups, putMarkup } from './markups.ts'
import { changePerson, getPerson, listPeople } from './instance-people.ts'
import { changeInstanceSettings, getInstanceSettings } from './instance-settings.ts'
import { chooseOwnAccount, endOtherSessions, endOwnSession, getMe, leaveAccount, listOwnAccounts, listOwnSessions, listWaitingLinks } from './me.ts'
import { countModels, getModel, listEmbeddingModels, listModels, listUserModels } from './models.ts'
import { changeNotificationSettings, getNotificationSettings, listDeliveries, listInstanceDeliveries, listNotifications, readNotifications } from './notifications.ts'
import { changeAccountPolicy, changeKeyPolicy, getAccountPolicy, getKeyPolicy } from './policies.ts'
import { capturePresets, getPreset, getPresetVersion, listPresets, listPresetVersions } from './presets.ts'
import { changeMember, createInvitation, listInvitations, listMembers, removeMember, revokeInvitation } from './organization.ts'
import { listProviders } from './providers.ts'
import { createPurchase, getPurchase, getReceipt, listPurchases, recordPurchase, refundPurchase } from './purchases.ts'
import { explainRequest } from './route-explain.ts'
import { deleteMemberBudget, deleteTagBudget, listMemberBudgets, listTagBudgets, putMemberBudget, putTagBudget } from './shared-budgets.ts'
import { changeGroupMapping, createGroupMapping, createScimToken, deleteGroupMapping, getGroupMapping, listGroupMappings, listScimGroups, listScimTokens, listScimUsers, refreshScim, revokeScimToken } from './scim.ts'
import { changeWallet, closeWallet, createWallet, getOwnWallet, getWallet, grantToWallet, listWalletEntries, listWallets, takeFromWallet, transferBetweenWallets } from './wallets.ts'
import { deletePriceList, listPriceLists, putPriceList } from './price-lists.ts'
import { walletReport } from './wallet-report.ts'
import { deleteBudget, getBudget, listBudgets, putBudget } from './workspace-budgets.ts'
import { changeWebhook, createWebhook, deleteWebhook, getWebhook, listWebhooks, testWebhook } from './webhooks.ts'
import { addWorkspaceMembers, listWorkspaceMembers, removeWorkspaceMembers } from './workspace-members.ts'
import { changeWorkspace, createWorkspace, deleteWorkspace, getWorkspace, listWorkspaces } from './workspaces.ts'

/** The control plane below `/api/v1`, every operation of it. docs/api.md has the same list for people. */
export const routes: readonly Route[] = [
  listModels, countModels, listUserModels, getModel, listEndpoints, listEmbeddingModels, listZdrEndpoints,
  listProviders,
  getOwnKey, listKeys, createKey, getKey, changeKey, rotateKey, deleteKey,
  exchangeCode, createCode,
  getMe, listOwnAccounts, chooseOwnAccount, leaveAccount, listOwnSessions, endOtherSessions, endOwnSession, createOrganization, getInvitation, acceptInvitation, listWaitingLinks,
  getCredits, createCoinbaseCharge, listPurchases, createPurchase, getPurchase, refundPurchase, getReceipt, getBilling, changeBilling, listCards, saveCard, chooseCard, removeCard,
  moveCredit, getActivity, getAnalyticsMeta, queryAnalytics,
  getGeneration, getGenerationContent, sendFeedback, listFeedback, listAllFeedback,
  getAppRankings, getDailyRankings, getSessionCosts, getBenchmarks, getTaskClassifications,
  getForecast, listNotifications, readNotifications, getNotificationSettings, changeNotificationSettings, listDeliveries, listInstanceDeliveries,
  listWebhooks, createWebhook, getWebhook, changeWebhook, deleteWebhook, testWebhook,
  explainRequest,
  listGuardrails, createGuardrail, getGuardrail, changeGuardrail, deleteGuardrail, ...guardrailAssignments,
  getAccountPolicy, changeAccountPolicy, getKeyPolicy, changeKeyPolicy,
  listByokKeys, createByokKey, getByokKey, changeByokKey, deleteByokKey,
  listPresets, getPreset, listPresetVersions, getPresetVersion, ...capturePresets,
  listWorkspaces, createWorkspace, getWorkspace, changeWorkspace, deleteWorkspace,
  listBudgets, getBudget, putBudget, deleteBudget, listTagBudgets, putTagBudget, deleteTagBudget, listMemberBudgets, putMemberBudget, deleteMemberBudget,
  getOwnWallet, listWallets, createWallet, walletReport, getWallet, changeWallet, closeWallet, grantToWallet, takeFromWallet, transferBetweenWallets, listWalletEntries, listPriceLists, putPriceList, deletePriceList,
  listWorkspaceMembers, addWorkspaceMembers, removeWorkspaceMembers,
  listMembers, changeMember, removeMember, listInvitations, createInvitation, revokeInvitation, getAudit,
  listGroupMappings, createGroupMapping, getGroupMapping, changeGroupMapping, deleteGroupMapping, listScimGroups, listScimUsers, refreshScim, listScimTokens, createScimToken, revokeScimToken,
  listDomains, addDomain, getDomain, verifyDomain, disableDomain, deleteDomain,
  listSso, createSso, getSso, changeSso, checkSso, activateSso, disableSso, deleteSso,
  getInstanceSettings, changeInstanceSettings, getInstanceAudit,
  listMarkups, putMarkup, deleteMarkup,
  listAccounts, getAccount, changeAccount, grantCredit, recordPurchase, suspendAccount, resumeAccount, closeAccount, listPeople, getPerson, changePerson, startImpersonation, endImpersonation,
]
