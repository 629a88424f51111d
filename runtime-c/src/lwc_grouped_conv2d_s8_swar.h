/* lwc_grouped_conv2d_s8_swar.h - one output row of a grouped 2-D convolution, group by group as a dense one: cores without DSP extension. */
#ifndef LWC_GROUPED_CONV2D_S8_SWAR_H
#define LWC_GROUPED_CONV2D_S8_SWAR_H

#include "lwc_conv2d_s8_swar.h"
#include "lwc_group_rows.h"

typedef struct lwc_grouped_conv2d_swar_params {
    int32_t groups;
    int32_t in_c;         /* of all groups */
    int32_t out_c;        /* of all groups */
    int32_t out_pitch; /* bytes from one output pixel to the next, >= out_c */
    int32_t weight_step;  /* elements of weights from one group to the next */
    int32_t quant_step;   /* elements of quant from one group to the next */
    int32_t scratch_step; /* bytes of scratch of the dense kernel, a multiple of 8 */
    lwc_conv2d_swar_params conv; /* of one group */
} lwc_grouped_conv2d_swar_params;

/*
 * rows     kernel_h pointers to input rows [in_w][in_c] int8; a padding row holds the zero point
 * weights  [groups] times the weights of lwc_conv2d_s8_swar
 * quant    [groups] times the words of lwc_conv2d_s8_swar
 * out      [out_w][out_c] int8, out_pitch bytes from pixel to pixel, must not overlap the rows
 * scratch  that of lwc_conv2d_s8_swar, then [kernel_h][in_w][in_c / groups] and [out_w][out_c / groups] int8
 */
LWC_INLINE void lwc_grouped_conv2d_s8_swar(const lwc_grouped_conv2d_swar_params *p, const int8_t *const *rows, const int32_t *weights, const int32_t *quant, int8_t *out, void *scratch)
{
    const int8_t *group_rows[LWC_GROUP_ROWS];
    const int32_t row_bytes = p->conv.in_w * p->conv.in_c;
    int8_t *gathered = (int8_t *)scratch + p->scratch_step;
    int8_t *group_out = gathered + (p->conv.kernel_h * row_bytes);

    for (int32_t g = 0; g < p->groups; ++g) {
        for (int32_t ky = 0; ky < p->conv.kernel_h; ++ky) {
            int8_t *row = gathered + (ky * row_bytes);

            lwc_gather_group(rows[ky] + (g * p->conv.in_c), p->conv.in_w, p->in_c, p->conv.in_c, row);
            group_rows[ky] = row;
        }
        lwc_conv2d_s8_swar(&p->conv, group_rows, weights + (g * p->weight_step), quant + (g * p->quant_step), group_out, scratch);
        lwc_scatter_group(group_out, p->conv.out_w, p->out_pitch, p->conv.out_c, out + (g * p->conv.out_c));
    }
}

#endif
