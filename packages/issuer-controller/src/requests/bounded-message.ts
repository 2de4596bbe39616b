/** Conditions are read by people; etcd and terminals want their messages bounded. */
const maxMessageLength = 4_096;

export function boundedMessage(message: string): string {
  return message.length > maxMessageLength ? `${message.slice(0, maxMessageLength - 1)}…` : message;
}
