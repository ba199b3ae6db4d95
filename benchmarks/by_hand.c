/* What benchmarks/goals.py measures as "C by hand": value and gradient derived by hand, eight samples a vector.
   It is compiled with gcc -O3 -march=native -ffast-math -mprefer-vector-width=512. */
#include <math.h>
#include <string.h>

enum { LANES = 8, WIDTH = 16, FIRST = WIDTH * 3, SECOND = WIDTH * (WIDTH + 1), PARAMETERS = FIRST + SECOND + WIDTH + 1 };
typedef double lanes __attribute__((vector_size(8 * LANES)));
typedef long long mask __attribute__((vector_size(8 * LANES)));

static inline lanes where_positive(lanes condition, lanes x) { return (lanes)((mask)x & (condition > (lanes){0})); }

/* The mean hinge loss of an MLP 2-16-16-1 with relu, and an L2 penalty; parameters neuron by neuron, the bias last.
   u, v, side: the samples, with zeros up to a multiple of eight; such a sample's loss is 1 and its gradient 0. */
double moons(const double *p, const double *u, const double *v, const double *side, long n, double alpha, double *g) {
    const double *p2 = p + FIRST, *p3 = p2 + SECOND;
    lanes sums[PARAMETERS], loss = {0};
    memset(sums, 0, sizeof sums);
    lanes *s2 = sums + FIRST, *s3 = s2 + SECOND;
    for (long at = 0; at < n; at += LANES) {
        lanes x, y, t, a[WIDTH], b[WIDTH], back[WIDTH];
        memcpy(&x, u + at, sizeof x), memcpy(&y, v + at, sizeof y), memcpy(&t, side + at, sizeof t);
        for (int i = 0; i < WIDTH; i++) {
            lanes z = p[3 * i + 2] + p[3 * i] * x + p[3 * i + 1] * y;
            a[i] = where_positive(z, z);
            back[i] = (lanes){0};
        }
        lanes score = p3[WIDTH] + (lanes){0};
        for (int j = 0; j < WIDTH; j++) {
            const double *row = p2 + (WIDTH + 1) * j;
            lanes z = row[WIDTH] + (lanes){0};
            for (int i = 0; i < WIDTH; i++) z += row[i] * a[i];
            b[j] = where_positive(z, z);
            score += p3[j] * b[j];
        }
        lanes margin = 1.0 - t * score, flow = where_positive(margin, -t);
        loss += where_positive(margin, margin);
        s3[WIDTH] += flow;
        for (int j = 0; j < WIDTH; j++) {
            lanes *row = s2 + (WIDTH + 1) * j, d = where_positive(b[j], flow * p3[j]);
            s3[j] += flow * b[j];
            row[WIDTH] += d;
            for (int i = 0; i < WIDTH; i++) {
                row[i] += d * a[i];
                back[i] += d * p2[(WIDTH + 1) * j + i];
            }
        }
        for (int i = 0; i < WIDTH; i++) {
            lanes d = where_positive(a[i], back[i]);
            sums[3 * i] += d * x, sums[3 * i + 1] += d * y, sums[3 * i + 2] += d;
        }
    }
    double result = 0.0;
    for (int k = 0; k < LANES; k++) result += loss[k];
    result = (result - (LANES - n % LANES) % LANES) / n;
    for (int i = 0; i < PARAMETERS; i++) {
        double sum = 0.0;
        for (int k = 0; k < LANES; k++) sum += sums[i][k];
        g[i] = sum / n + 2.0 * alpha * p[i];
        result += alpha * p[i] * p[i];
    }
    return result;
}

/* An Asian call's price and its derivatives by spot, volatility and rate; z: a line of all paths for each step. */
double asian(const double *market, const double *z, long steps, long paths, double *g) {
    double spot = market[0], volatility = market[1], rate = market[2], dt = 1.0 / steps, discount = exp(-rate);
    double price = 0.0, by_spot = 0.0, by_volatility = 0.0, by_rate = 0.0;
    enum { BLOCK = 64 };
    for (long at = 0; at < paths; at += BLOCK) {
        long count = paths - at < BLOCK ? paths - at : BLOCK;
        double walk[BLOCK] = {0}, sum[BLOCK] = {0}, sum_v[BLOCK] = {0}, sum_r[BLOCK] = {0};
        for (long step = 0; step < steps; step++) {
            const double *shock = z + step * paths + at;
            double t = (step + 1) * dt, drift = (rate - 0.5 * volatility * volatility) * t;
            for (long k = 0; k < count; k++) {
                walk[k] += sqrt(dt) * shock[k];
                double s = spot * exp(drift + volatility * walk[k]);
                sum[k] += s, sum_v[k] += s * (walk[k] - volatility * t), sum_r[k] += s * t;
            }
        }
        for (long k = 0; k < count; k++) {
            double mean = sum[k] / steps, on = mean > 100.0 ? discount : 0.0, pay = on * (mean - 100.0);
            price += pay, by_spot += on * mean / spot, by_volatility += on * sum_v[k] / steps;
            by_rate += on * sum_r[k] / steps - pay;
        }
    }
    g[0] = by_spot / paths, g[1] = by_volatility / paths, g[2] = by_rate / paths;
    return price / paths;
}

/* Rosenbrock's function of n numbers. */
double rosenbrock(const double *x, long n, double *g) {
    double result = 0.0;
    memset(g, 0, 8 * n);
    for (long i = 0; i + 1 < n; i++) {
        double t = x[i + 1] - x[i] * x[i], u = 1.0 - x[i];
        result += 100.0 * t * t + u * u;
        g[i] -= 400.0 * x[i] * t + 2.0 * u;
        g[i + 1] += 200.0 * t;
    }
    return result;
}
