const { manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const prefect = require("pushpool/prefect");

// Runs are processes of this machine, two at a time. With CloudRunPushPool or EcsPushPool in its place they are containers; the rest stays.
const pool = new ProcessPushPool("local", { concurrencyLimit: 2, jobVariables: { stream_output: true } });

// The server that PREFECT_API_URL, or the active Prefect profile, names.
const registration = prefect.register(undefined, { pools: [pool] });

exports.pushPools = manifest({ pools: [pool], prefect: registration });
