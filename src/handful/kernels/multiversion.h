/* One compiled file for every processor: the loader picks the widest instructions present. */
#ifndef HANDFUL_MULTIVERSION_H
#define HANDFUL_MULTIVERSION_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

/* Whole files can be compiled for a wider level of instructions. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_LEVELS 1
#else
#define HAS_LEVELS 0
#endif

/* target_clones needs ifunc, which glibc has on x86-64; elsewhere the baseline is compiled
   (NEON on aarch64). */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define MULTIVERSION \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSION
#endif

#endif
