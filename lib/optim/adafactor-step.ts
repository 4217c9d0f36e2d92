/**
 * The step of Adafactor as TorchScript: reductions by rows and columns have no operator that works on lists of
 * parameters.
 */

/**
 * The parameters are of one dtype, `half` where it has fewer bits than float32. `squares` holds `exp_avg_sq` or
 * `exp_avg_sq_row`, `columns` one for each parameter of two dimensions and more, `means` all or none. Where `found_inf`
 * is 1, every change is multiplied by 0, and what it would be computed from is made finite.
 */
export const ADAFACTOR_STEP = `
def forward(self, params: List[Tensor], steps: List[Tensor], squares: List[Tensor], columns: List[Tensor], means: List[Tensor],
            found_inf: Optional[Tensor], lr: Optional[float], weight_decay: float, eps: float, floor: float, clip: float, decay: float,
            beta1: float, scale: bool, warmup: bool, half: bool):
    # A list, since the compiler takes p.grad for a tensor that is there.
    grads: List[Optional[Tensor]] = []
    for p in params:
        grads.append(p.grad)
    column = 0
    for i in range(len(params)):
        held = grads[i]
        factored = params[i].dim() > 1
        if held is not None:
            weights = params[i].float() if half else params[i]
            grad = held.to(weights.dtype)
            skipped = torch.zeros_like(steps[i])
            if found_inf is not None:
                bad = found_inf.reshape(steps[i].shape) == 1
                skipped = bad.to(steps[i].dtype)
                grad = grad.masked_fill(bad, 0.)
            steps[i].add_(1. - skipped)
            skipped = skipped.to(weights.dtype)
            keep = 1. - skipped
            step = steps[i].to(weights.dtype).clamp(min=1.)

            forget = step.pow(decay) * keep
            square = squares[i]
            update = grad.square().add_(eps)
            if factored:
                rest = columns[column]
                square.add_((update.mean(-1) - square) * forget)
                rest.add_((update.mean(-2) - rest) * forget)
                rows = square + skipped
                update = (rows / rows.mean(-1, keepdim=True)).rsqrt_().unsqueeze(-1) * (rest + skipped).rsqrt_().unsqueeze(-2)
            else:
                square.add_((update - square) * forget)
                update = (square + skipped).rsqrt_()
            update.mul_(grad)

            rate = keep
            if lr is not None:
                rate = rate * lr
            else:
                most = step * 1e-6 if warmup else torch.full_like(step, 1e-2)
                rate = rate * torch.minimum(most, step.rsqrt())
            if scale:
                rate = rate * (weights.norm(2) / weights.numel() ** 0.5).clamp(min=floor)
            update.mul_(rate / (update.norm(2) / update.numel() ** 0.5 / clip).clamp(min=1.))
            if len(means) > 0:
                means[i].add_((update - means[i]) * ((1. - beta1) * keep))
                update = means[i] * keep
            if weight_decay != 0.:
                weights.sub_(weights * (rate * weight_decay))
            weights.sub_(update)
            if half:
                params[i].copy_(weights)
        if factored:
            column += 1
`;
