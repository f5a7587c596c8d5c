/* SPDX-License-Identifier: GPL-2.0 */
/* What CRIU offers to plugins: its headers are not written for -Wextra. */
#ifndef UFFD_WP_CRIU_API_H
#define UFFD_WP_CRIU_API_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "criu-log.h"
#include "criu-plugin.h"
#pragma GCC diagnostic pop

#undef LOG_PREFIX
#define LOG_PREFIX "uffd-wp: "

#endif /* UFFD_WP_CRIU_API_H */
