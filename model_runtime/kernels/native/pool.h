/* A few threads that run one function together and meet at barriers. Between calls they sleep. */
#pragma once
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define PAUSE() _mm_pause()
#else
#define PAUSE() ((void)0)
#endif

typedef void (*Job)(void *context, int thread);

typedef struct {
    int threads; /* with the caller */
    pthread_t *handles;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned generation; /* of the job: guarded by the lock */
    int stop;
    Job job;
    void *context;
    atomic_int arrived;
    atomic_uint phase;
    atomic_int next; /* the next item of this phase that nobody has taken */
} Pool;

/* After this many turns a waiting thread gives its processor away: the one it waits for may need it. */
enum { SPINS = 4000 };

static void barrier(Pool *pool) {
    unsigned phase = atomic_load(&pool->phase);
    if (atomic_fetch_add(&pool->arrived, 1) == pool->threads - 1) {
        atomic_store(&pool->arrived, 0);
        atomic_store(&pool->next, 0);
        atomic_store(&pool->phase, phase + 1);
        return;
    }
    for (int turn = 0; atomic_load_explicit(&pool->phase, memory_order_acquire) == phase; turn++) {
        if (turn < SPINS)
            PAUSE();
        else
            sched_yield();
    }
}

/* The next item of the phase; items are handed out in order and taken once. */
static inline int take(Pool *pool) { return atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed); }

typedef struct {
    Pool *pool;
    int thread;
} Worker;

static void *worker_main(void *argument) {
    Worker worker = *(Worker *)argument;
    free(argument);
    Pool *pool = worker.pool;
    unsigned seen = 0;
    for (;;) {
        pthread_mutex_lock(&pool->lock);
        while (pool->generation == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->lock);
        seen = pool->generation;
        int stop = pool->stop;
        pthread_mutex_unlock(&pool->lock);
        if (stop) return NULL;
        pool->job(pool->context, worker.thread);
        barrier(pool);
    }
}

static void pool_free(Pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->threads; i++) pthread_join(pool->handles[i], NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->wake);
    free(pool->handles);
    free(pool);
}

/* NULL when there is no memory; fewer threads when the system gives no more. */
static Pool *pool_new(int threads) {
    Pool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->handles = calloc((size_t)threads, sizeof *pool->handles);
    if (!pool->handles) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->threads = 1;
    for (int i = 1; i < threads; i++) {
        Worker *worker = malloc(sizeof *worker);
        if (!worker) break;
        *worker = (Worker){pool, i};
        if (pthread_create(&pool->handles[i], NULL, worker_main, worker)) {
            free(worker);
            break;
        }
        pool->threads++;
    }
    return pool;
}

static void pool_run(Pool *pool, Job job, void *context) {
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->context = context;
    pool->generation++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    job(context, 0);
    barrier(pool);
}
