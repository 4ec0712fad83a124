-- The customer who drove sees the accelerations of the trip too, along the car's axes: those of the car, or
-- those of a device with what is needed to turn them. Nobody else does: from turns a route can be recognised.
create or replace view shown.vehicle_path with (security_barrier) as
    select t.device_id, t.start_at as trip_start_at, s.observed_at, s.lat_deg, s.lon_deg,
        s.speed_kmh, s.speed_limit_kmh, s.heading_deg, s.accel_long_mps2, s.accel_lat_mps2,
        s.accel_x_mps2, s.accel_y_mps2, s.accel_z_mps2, s.gyro_x_radps, s.gyro_y_radps,
        s.gyro_z_radps
    from shown.own_trip t join telemetry.vehicle_sample s
        on s.device_id = t.device_id and s.observed_at between t.start_at and t.end_at;
