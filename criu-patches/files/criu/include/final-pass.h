#ifndef __CR_FINAL_PASS_H__
#define __CR_FINAL_PASS_H__

#include <sys/types.h>

/*
 * A live pre-dump right before a dump stops the tasks, so that the dump has little left to copy. Its
 * images are in the directory FINAL_PASS_DIR of those of the dump, and become their parent.
 */
#define FINAL_PASS_DIR "final-pass"

/* Does it when the options ask for it. If it fails the dump is still complete, and longer. */
extern void final_pass(pid_t pid);

#endif /* __CR_FINAL_PASS_H__ */
