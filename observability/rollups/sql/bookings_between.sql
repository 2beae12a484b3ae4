SELECT * FROM bookings WHERE id > %(after)s AND id <= %(upto)s
