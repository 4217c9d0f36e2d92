/** Which texts name a model of the hub, by huggingface_hub's rules; all others are paths. */

/** An owner or a model: letters, digits, "_", "-" and ".", neither "-" nor "." at an end. */
const PART = /^(?![-.])[\w.-]{1,96}(?<![-.])$/;

/**
 * Whether a text could be `owner/name` or `name`. What begins with ".", "/" or "~" or has more than one "/" is a path.
 */
export function isHubName(text: string): boolean {
  const parts = text.split("/");
  return parts.length <= 2 && parts.every((part) => PART.test(part)) && !/--|\.\./.test(text) && !text.endsWith(".git");
}
