/* SPDX-License-Identifier: GPL-2.0 */
/* A random number generator for each thread; that of the subjects is for one. */
#ifndef STRESS_RANDOM_H
#define STRESS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state; /* not 0 */
};

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static inline size_t rng_below(struct rng *rng, size_t n)
{
	return rng_next(rng) % n;
}

/* True once in n times. */
static inline bool rng_once_in(struct rng *rng, size_t n)
{
	return rng_below(rng, n) == 0;
}

#endif /* STRESS_RANDOM_H */
