"""Simulated cars and meters that emit data *and* ground truth.

    road → manoeuvres → vehicle → sensors ┐
                             └ drive_truth ├ cars ┐
    household → anomalies → meters ────────┴ homes ┴ fleet → faults → publisher → broker
                                                       └ parquet

Truth is read from noise-free state, never computed by the code under test; this package knows
neither kernels nor the store. `Fleet.truth` (times are epoch µs, JSON types only):

    version, seed, tenant, start_us, end_us    of the live time
    devices   {device: {profile, subject, rows}}
    refused_devices [device]   their customers do not consent; they appear in no list below
    trips     {device, start_us, end_us (movement), on_us, off_us (ignition), distance_m,
              duration_s, driving_s, idle_s, mean_kmh, max_kmh, tunnel_s}
    events    {device, kind, start_us, end_us, peak_mps2, observable[, peak_over_kmh]}
              not observable = neither demanded nor a false alarm when found
    consents  {customer: [purposes in force]}, every customer; they do not change after the live
              begin. About 60 % allow `channel_email`; some took it back. About a tenth of those
              with a car allow `driving_score` alone, but every owner of a car that crashes keeps
              `claims_assistance`: each injected crash must be contactable
    crashes   {device, customer, subject, at_us, peak_g, delta_v_kmh, duration_s, still_until_us}
              subject = `vehicle:<id>` or `meter:<id>`, as in signals
    anomalies {device, customer, subject, live, kind, start_us, end_us, amount, catches_up, accept,
              tolerate}
              accept = kinds that count as found, tolerate = kinds that may follow within a day
    faults    {late, duplicate, corrupt, corrupt_<how>, unknown, boot_zero, rollover, exchange}
    messages  {history, live, good, rows}
"""
