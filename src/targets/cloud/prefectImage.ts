/**
 * Prefect's base image for Prefect 3, as Prefect's template for Cloud Run names it.
 *
 * A pool's template promises such an image where the job variable `image` is not given. Prefect's worker takes the one of its own
 * versions of Prefect and Python; pushpool has neither.
 */
export const PREFECT_BASE_IMAGE = "prefecthq/prefect:3-latest";

/** What a user hears where it is taken. */
export const BASE_IMAGE_TAKEN = `no image is given: the run gets Prefect's base image ${PREFECT_BASE_IMAGE} (job variable "image" names another)`;
