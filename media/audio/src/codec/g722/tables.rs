//! The numbers of ITU-T G.722.

/// Half of the mirror filter's 24 taps, which read the same from both ends (table 11).
pub(super) const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// Q6: where the lower band's intervals begin, as parts of the scale (table 14).
pub(super) const DECISIONS_LOW: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
    1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// ILN and ILP: the code of each interval, of negative and of positive differences (table 14).
pub(super) const LOW_CODES: [[u8; 30]; 2] = [
    [
        63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
        7, 6, 5, 4,
    ],
    [
        61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37,
        36, 35, 34, 33, 32,
    ],
];

/// QQ6 by code: what 6 bits stand for (table 15).
pub(super) const LOW_VALUES: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];

/// QQ4 by the upper four bits of a code: by it both ends adapt, whatever became of the other two (table 16).
pub(super) const LOW_VALUES_COARSE: &[i32; 16] =
    &[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];

/// WL(RL4) by the same: how the lower band's scale grows or shrinks (table 18).
pub(super) const LOW_GROWTH: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// The one decision of the higher band beside the sign (table 19).
pub(super) const HIGH_DECISION: i32 = 564;
/// QQ2 by code (table 20).
pub(super) const HIGH_VALUES: &[i32; 4] = &[-7408, -1616, 7408, 1616];
/// WH by code (table 21).
pub(super) const HIGH_GROWTH: [i32; 4] = [798, -214, 798, -214];

/// ILB: 2^(n/32) · 2048 (table 17).
pub(super) const ANTILOGARITHM: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
