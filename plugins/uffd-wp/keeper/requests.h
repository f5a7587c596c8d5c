/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_KEEPER_REQUESTS_H
#define UFFD_WP_KEEPER_REQUESTS_H

#include "../wire.h"

/*
 * Does what a request asks for and fills in the response.
 * fds: came with the request; those kept are replaced by -1.
 * rsp_fds: to be sent with the response; they stay ours, not to be closed.
 * The response points to static memory that the next call overwrites.
 */
void handle_request(const UffdWp__Request *req, struct wire_fds *fds, UffdWp__Response *rsp, struct wire_fds *rsp_fds);

#endif /* UFFD_WP_KEEPER_REQUESTS_H */
