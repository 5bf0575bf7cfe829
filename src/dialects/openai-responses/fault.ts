import type { Fault } from '../../core/fault.ts'
import { asObject, asString, type JsonObject } from '../../core/json.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { faultOf } from '../openai-chat/fault.ts'

/** Error codes that a stream says without a status, and the status that each would have had. */
const STATUS: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429, insufficient_quota: 429, server_error: 500, overloaded: 503, server_is_overloaded: 503, slow_down: 503,
  invalid_prompt: 400, invalid_request_error: 400, context_length_exceeded: 400, image_content_policy_violation: 400, bio_policy: 400, cyber_policy: 400,
  invalid_image: 400, invalid_image_format: 400, invalid_base64_image: 400, invalid_image_url: 400, image_too_large: 400, image_too_small: 400, image_parse_error: 400,
  image_file_too_large: 400, unsupported_image_media_type: 400, empty_image_file: 400, failed_to_download_image: 400, image_file_not_found: 400,
}

/** What an `error` event, or a response that failed, means. OpenAI nests the error in the event, its reference does not. */
export function streamFault(body: JsonObject, endpoint: Endpoint): Fault {
  const error = asObject(body['error']) ?? { code: body['code'] ?? null, message: body['message'] ?? null }
  const code = asString(error['code']) ?? asString(error['type']) ?? ''
  return faultOf(Object.hasOwn(STATUS, code) ? STATUS[code] : undefined, { error }, endpoint)
}
