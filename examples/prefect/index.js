const { manifest } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");
const prefect = require("pushpool/prefect");

// Runs are processes on this machine, two at a time. With CloudRunPushPool or EcsPushPool instead they are containers; the rest stays.
const pool = new ProcessPushPool("local", { concurrencyLimit: 2, jobVariables: { stream_output: true } });

// The server in PREFECT_API_URL, or in the active Prefect profile.
const registration = prefect.register(undefined, { pools: [pool] });

exports.pushPools = manifest({ pools: [pool], prefect: registration });
