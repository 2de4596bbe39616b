import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

// An application of the examples: it knows nothing of certificates, and finds its credentials as every AWS SDK does.

const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
process.stdout.write(`${Arn}\n`);
