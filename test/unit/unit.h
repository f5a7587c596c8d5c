/* SPDX-License-Identifier: GPL-2.0 */
/* cmocka.h does not include what it needs. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif /* UNIT_H */
