/* SPDX-License-Identifier: GPL-2.0 */
/* What the libraries that are LD_PRELOADed into criu share. */
#ifndef FAULTS_PRELOAD_H
#define FAULTS_PRELOAD_H

#include <dlfcn.h>
#include <stdlib.h>

#define REAL(name) ((typeof(name) *)dlsym(RTLD_NEXT, #name))

/* The number in this variable of the environment, 0 without. */
static inline int preload_number(const char *variable)
{
	const char *number = getenv(variable);

	return number ? atoi(number) : 0;
}

#endif /* FAULTS_PRELOAD_H */
