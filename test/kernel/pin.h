/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that is pinned for writing: the registered buffers of an io_uring. */
#ifndef PIN_H
#define PIN_H

#include <stdbool.h>
#include <stddef.h>

/* A kind of memory to pin; map() returns NULL where there is none to be had. */
struct pin_kind {
	const char *name;
	void *(*map)(size_t length);
};

extern const struct pin_kind pin_kinds[];

/* The ring, -1 if io_uring is not to be had. */
int pin(void *start, size_t length);
/* Has the device, as it were, write the byte to all of it, by READ_FIXED. */
void pinned_write(int ring, void *start, size_t length, char byte);
void unpin(int ring);

/*
 * For each kind of memory: pins it, protects it by protect(), writes to it through the pin, and ends the program with
 * defect() if that is not reported as written.
 */
void check_pinned(const char *by, void (*protect)(int uffd, void *start, size_t length)) __attribute__((noreturn));

#endif /* PIN_H */
