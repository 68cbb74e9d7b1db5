// The entry of a component provider, as a plugin's would be: Pulumi's analyzer starts here.
import { Deployment } from "../../../components/deployment";
import { ProcessPushPool } from "../../../components/local/processPushPool";

export const components = [ProcessPushPool, Deployment];
