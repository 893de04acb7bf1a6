"""Reference values for the simulated cohort's kinetics, by adaptive quadrature and from scipy's Rice distribution.

Usage: python scripts/golden/phantom_kinetics.py > tests/golden/phantom/kinetics.json
"""

import json
import math
import platform

import numpy
import scipy
from scipy import integrate, stats

# Parker 2006, Magn Reson Med 56:993, table 1.
GAUSSIANS = [(0.809, 0.17046, 0.0563), (0.330, 0.365, 0.132)]
ALPHA, BETA, S, TAU, HAEMATOCRIT = 1.050, 0.1685, 38.078, 0.483, 0.42


def plasma(t):
    if t <= 0:
        return 0.0
    gaussians = sum(a * stats.norm.pdf(t, loc=m, scale=sd) for a, m, sd in GAUSSIANS)
    tail = ALPHA * math.exp(-BETA * t) / (1 + math.exp(-S * (t - TAU)))
    return (gaussians + tail) / (1 - HAEMATOCRIT)


def convolution(kep, t):
    points = [p for p in (0.05, 0.17, 0.3, 0.365, 0.483, 0.7) if p < t]
    value, _ = integrate.quad(
        lambda u: plasma(u) * math.exp(-kep * (t - u)), 0, t, points=points, limit=400, epsabs=1e-11, epsrel=1e-11
    )
    return value


def tofts(ktrans, ve, vp, t):
    return vp * plasma(t) + ktrans * convolution(ktrans / ve, t)


def gradient_echo(tr, te, flip, r1, r2, t1, c):
    e1 = math.exp(-tr * (1 / t1 + r1 * c / 1000))
    a = math.radians(flip)
    return math.sin(a) * (1 - e1) / (1 - math.cos(a) * e1) * math.exp(-te * r2 * c / 1000)


TIMES = [0.05, 0.17, 0.4, 0.8, 1.5, 3.0, 6.0]
print(
    json.dumps(
        {
            "tool": "scipy",
            "version": scipy.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
            "script": "scripts/golden/phantom_kinetics.py",
            "minutes": TIMES,
            "plasma": [plasma(t) for t in TIMES],
            "tofts": [
                {"ktrans": k, "ve": ve, "vp": vp, "concentration": [tofts(k, ve, vp, t) for t in TIMES]}
                for k, ve, vp in [(0.02, 0.35, 0.01), (0.2, 0.42, 0.04), (0.6, 0.3, 0.08), (0.004, 0.5, 0.0)]
            ],
            "gradientEcho": [
                {"arguments": list(args), "signal": gradient_echo(*args)}
                for args in [
                    (5.5, 2.4, 10, 5.0, 7.1, 1445, 0),
                    (5.5, 2.4, 10, 5.0, 7.1, 1445, 0.6),
                    (7.5, 3.4, 12, 5.2, 6.1, 296, 0),
                    (4.7, 1.7, 10, 3.5, 4.9, 1400, 4.0),
                ]
            ],
            "rice": [
                {
                    "signal": nu,
                    "sigma": sigma,
                    "mean": float(stats.rice.mean(nu / sigma, scale=sigma)),
                    "standardDeviation": float(stats.rice.std(nu / sigma, scale=sigma)),
                }
                for nu, sigma in [(0, 1), (2, 2), (30, 3)]
            ],
        },
        indent=1,
    )
)
