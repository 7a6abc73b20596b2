/* A pass of new tokens through a pre-norm decoder: RMSNorm, rotary grouped-query attention, SwiGLU.
 *
 * All arithmetic of a token is in an order of its own: results are the same bit for bit however many tokens are read
 * at once and however many threads run. Called from model_runtime/kernels/native.py, which owns all memory but the
 * scratch space. */
#include "attention.h"
#include "matmul.h"
#include "pool.h"

enum { MAX_PARTS = 3, ATTEND_ROWS = 64, WORK_BYTES = 600000 };

typedef struct {
    Part parts[MAX_PARTS];
    int32_t count, outputs, inputs, unused;
    const float *bias; /* or NULL */
} Matrix;

typedef struct {
    const float *attention_norm, *feed_forward_norm;
    Matrix qkv, output, gate_up, down;
} Layer;

typedef struct {
    int32_t layers, hidden, feed_forward, heads, kv_heads, width, vocabulary, unused;
    float eps, unused_float;
    const Layer *layer;
    const float *norm;
    Matrix head;
} Model;

typedef struct {
    Pool *pool;
    int rows;          /* that the scratch space was made for */
    float *normed;     /* [rows, hidden] */
    float *qkv;        /* [rows, (heads + 2 kv_heads) * width] */
    float *mixed;      /* [rows, heads * width] */
    float *gated;      /* [rows, feed_forward] */
    Tile tiles;        /* quantised input of the matrix at work */
    State *states;     /* [kv_heads * parts of the work] */
    size_t state_count;
} Engine;

typedef struct {
    Engine *engine;
    const Model *model;
    float *x;               /* [rows, hidden]: embeddings in, last hidden states out */
    int rows, start;        /* tokens, and the position of the first */
    uint16_t *const *cache; /* of each layer: keys, then values */
    const int *capacity;    /* of each layer's cache, positions */
    const int *starts;      /* NULL, or the position of each row, which then has a cache of its own: cache and capacity
                             * are [rows][layers] */
    const float *cosine, *sine; /* [rows, width / 2], of these positions */
    float *logits;          /* for the head: [rows, vocabulary] */
    const Matrix *matrix;   /* for a matrix by itself */
    float *out;             /* [rows, outputs] */
} Pass;

static inline Tile tile_at(Tile tiles, int index, int groups) {
    const size_t at = (size_t)index * (size_t)groups * TILE;
    return (Tile){tiles.codes + at * GROUP, tiles.info + at};
}

static void rms_norm(const float *x, const float *weight, int width, float eps, float *out) {
    f32x16 squares = splat(0.0f);
    float tail = 0.0f;
    int i = 0;
    for (; i + 16 <= width; i += 16) squares = fma16(load(x + i), load(x + i), squares);
    for (; i < width; i++) tail += x[i] * x[i];
    const float scale = 1.0f / sqrtf((sum_lanes(squares) + tail) / (float)width + eps);
    for (i = 0; i + 16 <= width; i += 16) store(out + i, load(x + i) * splat(scale) * load(weight + i));
    for (; i < width; i++) out[i] = x[i] * scale * weight[i];
}

/* Quantise rows [rows, width] into tiles, normalised first when there is a norm. */
static void prepare(const Pass *pass, const float *from, int width, const float *norm) {
    Engine *engine = pass->engine;
    const int groups = (width + GROUP - 1) / GROUP;
    for (int row; (row = take(engine->pool)) < pass->rows;) {
        const float *x = from + (size_t)row * (size_t)width;
        if (norm) {
            float *normed = engine->normed + (size_t)row * (size_t)width;
            rms_norm(x, norm, width, pass->model->eps, normed);
            x = normed;
        }
        quantize_row(x, width, tile_at(engine->tiles, row / TILE, groups), row % TILE);
    }
    barrier(engine->pool);
}

/* Write (or add to what is there) the first `count` of 16 outputs. */
INLINE void put(float *out, f32x16 y, int count, int add) {
    if (count == STRIP) {
        if (add) y += load(out);
        store(out, y);
    } else {
        for (int i = 0; i < count; i++) out[i] = add ? out[i] + y[i] : y[i];
    }
}

/* Rows are worked through in blocks whose tiles stay in the second-level cache, strips in runs. */
static int block_tiles(int groups) {
    const int tile_bytes = groups * TILE * (GROUP + (int)sizeof(GroupInfo));
    return tile_bytes > WORK_BYTES ? 1 : WORK_BYTES / tile_bytes;
}

static int strips_per_item(int strips, int threads) {
    const int share = strips / (threads * 4);
    return share < 1 ? 1 : share > 16 ? 16 : share;
}

/* out [rows, stride] = tiles times the matrix, plus its bias. */
static void multiply(const Pass *pass, const Matrix *matrix, float *out, int stride, int add) {
    Pool *pool = pass->engine->pool;
    const int tiles = (pass->rows + TILE - 1) / TILE;
    int strips = 0;
    for (int p = 0; p < matrix->count; p++) strips += strips_of(&matrix->parts[p]);
    const int groups = matrix->parts[0].groups, per_block = block_tiles(groups);
    const int run = strips_per_item(strips, pool->threads), runs = (strips + run - 1) / run;
    const int blocks = (tiles + per_block - 1) / per_block;
    for (int item; (item = take(pool)) < blocks * runs;) {
        const int first_tile = item / runs * per_block, first = item % runs * run;
        for (int strip = first; strip < first + run && strip < strips; strip++) {
            int p = 0, local = strip, column = 0;
            while (local >= strips_of(&matrix->parts[p])) {
                local -= strips_of(&matrix->parts[p]);
                column += matrix->parts[p++].outputs;
            }
            const Part *part = &matrix->parts[p];
            column += local * STRIP;
            const int width = part->outputs - local * STRIP < STRIP ? part->outputs - local * STRIP : STRIP;
            f32x16 bias = splat(-0.0f); /* adding it changes nothing, not even the sign of zero */
            if (matrix->bias) memcpy(&bias, matrix->bias + column, sizeof(float) * (size_t)width);
            for (int t = first_tile; t < first_tile + per_block && t < tiles; t++) {
                f32x16 y[TILE];
                const int rows = pass->rows - t * TILE < TILE ? pass->rows - t * TILE : TILE;
                strip_times(part, local, tile_at(pass->engine->tiles, t, groups), rows, y);
                for (int r = 0; r < rows; r++) {
                    put(out + (size_t)(t * TILE + r) * (size_t)stride + column, y[r] + bias, width, add);
                }
            }
        }
    }
    barrier(pool);
}

/* gated [rows, feed_forward] = silu(gate) * up */
static void multiply_gated(const Pass *pass, const Matrix *matrix) {
    Pool *pool = pass->engine->pool;
    const Part *gate = &matrix->parts[0], *up = &matrix->parts[1];
    const int tiles = (pass->rows + TILE - 1) / TILE, strips = strips_of(gate), width = gate->outputs;
    const int per_block = block_tiles(gate->groups);
    const int run = strips_per_item(strips, pool->threads), runs = (strips + run - 1) / run;
    const int blocks = (tiles + per_block - 1) / per_block;
    for (int item; (item = take(pool)) < blocks * runs;) {
        const int first_tile = item / runs * per_block, first = item % runs * run;
        for (int strip = first; strip < first + run && strip < strips; strip++) {
            const int count = width - strip * STRIP < STRIP ? width - strip * STRIP : STRIP;
            for (int t = first_tile; t < first_tile + per_block && t < tiles; t++) {
                f32x16 a[TILE], b[TILE];
                const Tile tile = tile_at(pass->engine->tiles, t, gate->groups);
                const int rows = pass->rows - t * TILE < TILE ? pass->rows - t * TILE : TILE;
                strip_times(gate, strip, tile, rows, a);
                strip_times(up, strip, tile, rows, b);
                for (int r = 0; r < rows; r++) {
                    const f32x16 limited = pick((i32x16)(a[r] < splat(-80.0f)), splat(-80.0f), a[r]);
                    const f32x16 y = a[r] / (splat(1.0f) + exp16(-limited)) * b[r];
                    put(pass->engine->gated + (size_t)(t * TILE + r) * (size_t)width + strip * STRIP, y, count, 0);
                }
            }
        }
    }
    barrier(pool);
}

/* Turn one head of one token by its position. */
static void rotate(float *x, const float *cosine, const float *sine, int width, float scale) {
    const int half = width / 2;
    for (int i = 0; i < half; i++) {
        const float a = x[i], b = x[half + i];
        x[i] = (a * cosine[i] - b * sine[i]) * scale;
        x[half + i] = (b * cosine[i] + a * sine[i]) * scale;
    }
}

static int position_of(const Pass *pass, int row) { return pass->starts ? pass->starts[row] : pass->start + row; }

static Memory memory_of(const Pass *pass, int row, int layer, int head) {
    const Model *model = pass->model;
    const int at = pass->starts ? row * model->layers + layer : layer;
    const size_t one = (size_t)pass->capacity[at] * (size_t)model->width;
    const uint16_t *keys = pass->cache[at];
    return (Memory){keys + (size_t)head * one, keys + (size_t)(model->kv_heads + head) * one, model->width};
}

/* Rotate queries and keys, scale the queries, store keys and values. */
static void place(const Pass *pass, int layer) {
    const Model *model = pass->model;
    const int width = model->width, stride = (model->heads + 2 * model->kv_heads) * width;
    const float scale = 1.0f / sqrtf((float)width);
    for (int row; (row = take(pass->engine->pool)) < pass->rows;) {
        float *qkv = pass->engine->qkv + (size_t)row * (size_t)stride;
        const float *cosine = pass->cosine + (size_t)row * (size_t)(width / 2);
        const float *sine = pass->sine + (size_t)row * (size_t)(width / 2);
        for (int head = 0; head < model->heads; head++) rotate(qkv + head * width, cosine, sine, width, scale);
        const size_t position = (size_t)position_of(pass, row);
        for (int head = 0; head < model->kv_heads; head++) {
            const Memory memory = memory_of(pass, row, layer, head);
            float *key = qkv + (model->heads + head) * width;
            rotate(key, cosine, sine, width, 1.0f);
            uint16_t *keys = (uint16_t *)memory.keys + (position / 16) * 16 * (size_t)width + position % 16;
            uint16_t *values = (uint16_t *)memory.values + position * (size_t)width;
            for (int d = 0; d < width; d += 16) {
                uint16_t halves[16];
                store_half(halves, load(key + d));
                for (int i = 0; i < 16; i++) keys[16 * (d + i)] = halves[i];
                store_half(values + d, load(key + model->kv_heads * width + d));
            }
        }
    }
    barrier(pass->engine->pool);
}

/* Queries of rows first .. first + count of a key head: pointers, and the last position each sees. */
static void rows_of(const Pass *pass, int head, int first, int count, const float **q, int *last) {
    const Model *model = pass->model;
    const int group = model->heads / model->kv_heads, width = model->width;
    const size_t stride = (size_t)((model->heads + 2 * model->kv_heads) * width);
    for (int i = 0; i < count; i++) {
        const int token = (first + i) / group, member = (first + i) % group;
        q[i] = pass->engine->qkv + (size_t)token * stride + (size_t)((head * group + member) * width);
        last[i] = position_of(pass, token);
    }
}

static void finish(const Pass *pass, int head, int first, int count, const State *states) {
    const Model *model = pass->model;
    const int group = model->heads / model->kv_heads, width = model->width;
    for (int i = 0; i < count; i++) {
        const int token = (first + i) / group, member = (first + i) % group;
        float *out = pass->engine->mixed + (size_t)token * (size_t)(model->heads * width) +
                     (size_t)((head * group + member) * width);
        for (int d = 0; d < width; d += 16) store(out + d, load(states[i].values + d) / splat(states[i].sum));
    }
}

/* One item: up to ATTEND_ROWS rows of a key head over all segments, in order. */
static void attend_rows(const Pass *pass, int layer, int head, int first, int count) {
    State total[ATTEND_ROWS], part[ATTEND_ROWS];
    const float *q[ATTEND_ROWS];
    int last[ATTEND_ROWS];
    const Memory memory = memory_of(pass, first / (pass->model->heads / pass->model->kv_heads), layer, head);
    rows_of(pass, head, first, count, q, last);
    attend_segment(memory, q, last, count, 0, total);
    for (int segment = 1; segment * SEGMENT <= last[count - 1]; segment++) {
        attend_segment(memory, q, last, count, segment, part);
        for (int i = 0; i < count; i++) state_merge(total + i, part + i, memory.width);
    }
    finish(pass, head, first, count, total);
}

/* Rows with caches of their own: a row and a key head are one item. */
static void attend_each(const Pass *pass, int layer) {
    const int heads = pass->model->kv_heads, group = pass->model->heads / heads;
    for (int item; (item = take(pass->engine->pool)) < heads * pass->rows;)
        attend_rows(pass, layer, item % heads, item / heads * group, group);
    barrier(pass->engine->pool);
}

static void attend(const Pass *pass, int layer) {
    Engine *engine = pass->engine;
    const Model *model = pass->model;
    const int rows = pass->rows * (model->heads / model->kv_heads), heads = model->kv_heads;
    const int segments = (pass->start + pass->rows + SEGMENT - 1) / SEGMENT;
    const int runs = (rows + ATTEND_ROWS - 1) / ATTEND_ROWS;
    if (runs > 1 || segments == 1 || (size_t)(heads * segments * rows) > engine->state_count) {
        for (int item; (item = take(engine->pool)) < heads * runs;) {
            /* the last rows see most: they go first */
            const int run = runs - 1 - item / heads, first = run * ATTEND_ROWS;
            attend_rows(pass, layer, item % heads, first, rows - first < ATTEND_ROWS ? rows - first : ATTEND_ROWS);
        }
        barrier(engine->pool);
        return;
    }
    const float *q[ATTEND_ROWS];
    int last[ATTEND_ROWS];
    for (int item; (item = take(engine->pool)) < heads * segments;) {
        const int head = item / segments, segment = item % segments;
        rows_of(pass, head, 0, rows, q, last);
        attend_segment(memory_of(pass, 0, layer, head), q, last, rows, segment, engine->states + (size_t)(item * rows));
    }
    barrier(engine->pool);
    for (int head; (head = take(engine->pool)) < heads;) {
        State *states = engine->states + (size_t)(head * segments * rows);
        for (int segment = 1; segment < segments; segment++)
            for (int i = 0; i < rows; i++) state_merge(states + i, states + segment * rows + i, model->width);
        finish(pass, head, 0, rows, states);
    }
    barrier(engine->pool);
}

static void pass_layers(void *context, int thread) {
    (void)thread;
    const Pass *pass = context;
    const Engine *engine = pass->engine;
    const Model *model = pass->model;
    const int qkv_width = (model->heads + 2 * model->kv_heads) * model->width;
    for (int i = 0; i < model->layers; i++) {
        const Layer *layer = &model->layer[i];
        prepare(pass, pass->x, model->hidden, layer->attention_norm);
        multiply(pass, &layer->qkv, engine->qkv, qkv_width, 0);
        place(pass, i);
        if (pass->starts) attend_each(pass, i);
        else attend(pass, i);
        prepare(pass, engine->mixed, model->heads * model->width, NULL);
        multiply(pass, &layer->output, pass->x, model->hidden, 1);
        prepare(pass, pass->x, model->hidden, layer->feed_forward_norm);
        multiply_gated(pass, &layer->gate_up);
        prepare(pass, engine->gated, model->feed_forward, NULL);
        multiply(pass, &layer->down, pass->x, model->hidden, 1);
    }
}

static void pass_head(void *context, int thread) {
    (void)thread;
    const Pass *pass = context;
    prepare(pass, pass->x, pass->model->hidden, pass->model->norm);
    multiply(pass, &pass->model->head, pass->logits, pass->model->vocabulary, 0);
}

static void pass_matrix(void *context, int thread) {
    (void)thread;
    const Pass *pass = context;
    prepare(pass, pass->x, pass->matrix->inputs, NULL);
    multiply(pass, pass->matrix, pass->out, pass->matrix->outputs, 0);
}

void v4_engine_free(Engine *engine) {
    if (!engine) return;
    if (engine->pool) pool_free(engine->pool);
    free(engine->normed);
    free(engine->qkv);
    free(engine->mixed);
    free(engine->gated);
    free(engine->tiles.codes);
    free(engine->tiles.info);
    free(engine->states);
    free(engine);
}

/* Scratch space for passes of up to `rows` tokens, and threads. NULL when there is no memory. */
Engine *v4_engine_new(const Model *model, int rows, int threads) {
    Engine *engine = calloc(1, sizeof *engine);
    if (!engine) return NULL;
    const size_t n = (size_t)rows, hidden = (size_t)model->hidden, wide = (size_t)model->feed_forward;
    const size_t queries = (size_t)(model->heads * model->width);
    size_t widest = hidden > wide ? hidden : wide;
    if (queries > widest) widest = queries;
    const size_t groups = (widest + GROUP - 1) / GROUP, tiles = (n + TILE - 1) / TILE;
    engine->rows = rows;
    engine->state_count = (size_t)model->kv_heads * ATTEND_ROWS * 16;
    engine->normed = malloc(sizeof(float) * n * hidden);
    engine->qkv = malloc(sizeof(float) * n * (size_t)((model->heads + 2 * model->kv_heads) * model->width));
    engine->mixed = malloc(sizeof(float) * n * queries);
    engine->gated = malloc(sizeof(float) * n * wide);
    engine->tiles.codes = calloc(tiles * groups, TILE * GROUP);
    engine->tiles.info = calloc(tiles * groups, TILE * sizeof(GroupInfo));
    engine->states = malloc(sizeof(State) * engine->state_count);
    if (!engine->normed || !engine->qkv || !engine->mixed || !engine->gated || !engine->tiles.codes ||
        !engine->tiles.info || !engine->states || !(engine->pool = pool_new(threads))) {
        v4_engine_free(engine);
        return NULL;
    }
    return engine;
}

/* Read `rows` tokens: x holds their embeddings and then their last hidden states. Returns 0, or -1 for more rows than
 * the engine was made for, or than a cache has room for. */
int v4_forward(Engine *engine, const Model *model, float *x, int rows, int start, uint16_t *const *cache,
               const int *capacity, const float *cosine, const float *sine) {
    if (rows < 1 || rows > engine->rows || start < 0) return -1;
    for (int i = 0; i < model->layers; i++)
        if (start + rows > capacity[i]) return -1;
    Pass pass = {.engine = engine, .model = model, .x = x, .rows = rows, .start = start, .cache = cache,
                 .capacity = capacity, .cosine = cosine, .sine = sine};
    pool_run(engine->pool, pass_layers, &pass);
    return 0;
}

/* One more token of each of `rows` sequences: of row i the position starts[i], and the caches cache[i * layers ..]. The
 * results are those of v4_forward for each by itself. */
int v4_forward_each(Engine *engine, const Model *model, float *x, int rows, const int *starts, uint16_t *const *cache,
                    const int *capacity, const float *cosine, const float *sine) {
    if (rows < 1 || rows > engine->rows || model->heads / model->kv_heads > ATTEND_ROWS) return -1;
    for (int i = 0; i < rows * model->layers; i++)
        if (starts[i / model->layers] < 0 || starts[i / model->layers] >= capacity[i]) return -1;
    Pass pass = {.engine = engine, .model = model, .x = x, .rows = rows, .cache = cache, .capacity = capacity,
                 .starts = starts, .cosine = cosine, .sine = sine};
    pool_run(engine->pool, pass_layers, &pass);
    return 0;
}

/* logits [rows, vocabulary] of last hidden states x [rows, hidden]. */
int v4_head(Engine *engine, const Model *model, float *x, int rows, float *logits) {
    if (rows < 1 || rows > engine->rows) return -1;
    Pass pass = {.engine = engine, .model = model, .x = x, .rows = rows, .logits = logits};
    pool_run(engine->pool, pass_head, &pass);
    return 0;
}

/* An engine for matrices by themselves: of up to `inputs` columns, times up to `rows` rows. */
Engine *v4_matrix_engine_new(int inputs, int rows, int threads) {
    Engine *engine = calloc(1, sizeof *engine);
    if (!engine) return NULL;
    const size_t groups = ((size_t)inputs + GROUP - 1) / GROUP, tiles = ((size_t)rows + TILE - 1) / TILE;
    engine->rows = rows;
    engine->tiles.codes = calloc(tiles * groups, TILE * GROUP);
    engine->tiles.info = calloc(tiles * groups, TILE * sizeof(GroupInfo));
    if (!engine->tiles.codes || !engine->tiles.info || !(engine->pool = pool_new(threads))) {
        v4_engine_free(engine);
        return NULL;
    }
    return engine;
}

/* out [rows, outputs] = the matrix times x [rows, inputs]; the caller sees to it that the engine is large enough. */
int v4_multiply(Engine *engine, const Matrix *matrix, float *x, int rows, float *out) {
    if (rows < 1 || rows > engine->rows) return -1;
    Pass pass = {.engine = engine, .x = x, .rows = rows, .matrix = matrix, .out = out};
    pool_run(engine->pool, pass_matrix, &pass);
    return 0;
}
