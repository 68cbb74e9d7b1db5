const pulumi = require("@pulumi/pulumi");

class Bucket extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super("acme:index:Bucket", name, { url: undefined, ...args }, opts);
  }
}

const region = new pulumi.Config().require("region");
const logs = new Bucket("logs", { region, retentionDays: 7 }, { protect: true });
const site = new Bucket("site", { region, logsTo: logs.url, key: pulumi.secret("s3cr3t") });

exports.url = site.url;
